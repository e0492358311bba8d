// SPDX-License-Identifier: Apache-2.0
// What is computed from times, on times that are made up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suites/scaling/findings.hpp"
#include "suites/scaling/scaling_rows.hpp"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

StepSeries series(std::vector<double> steps, double backward = 0) {
  StepSeries made;
  made.backwards.assign(steps.size(), backward);
  made.steps = std::move(steps);
  made.probes = 10;
  return made;
}

TEST(ScalingRows, EfficienciesAreThoseOfTheTextbooks) {
  EXPECT_DOUBLE_EQ(weak_efficiency(2.0, 2.5), 0.8);
  EXPECT_DOUBLE_EQ(strong_efficiency(2.0, 1, 1.25, 2), 0.8);
  // From a base of 2: 4 ranks in half the time are perfect.
  EXPECT_DOUBLE_EQ(strong_efficiency(2.0, 2, 1.0, 4), 1.0);
}

TEST(ScalingRows, AContenderRunsOncePerRepetitionAndEveryOtherTimeBackwards) {
  std::string order;
  const auto contender = [&order](const char* name, double seconds) {
    return Contender{name, [&order, name, seconds] {
                       order += name;
                       return StepSample{seconds, seconds / 2};
                     }};
  };
  const auto measured =
      measure_interleaved({contender("a", 1), contender("b", 2)}, 3, [](const std::string&) { return true; });
  EXPECT_EQ(order, "abbaab");
  EXPECT_EQ(measured[1].steps, (std::vector<double>{2, 2, 2}));
  EXPECT_EQ(measured[1].backward(), 1);
  EXPECT_EQ(measured[0].probes, 6);
  int left = 3;
  const auto ended = measure_interleaved({contender("a", 1), contender("b", 2)}, 3,
                                         [&left](const std::string&) { return left-- > 0; });
  EXPECT_EQ(ended[0].steps.size() + ended[1].steps.size(), 3u);
}

TEST(ScalingRows, NoiseShowsInProbesAndInSpread) {
  StepSeries calm = series({1, 1, 1, 1, 1, 1});
  EXPECT_TRUE(calm.quiet());
  calm.noisy_probes = 2;
  EXPECT_FALSE(calm.quiet());
  EXPECT_FALSE(series({1, 1, 1, 1, 1, 2.5}).quiet());
  EXPECT_FALSE(StepSeries{}.quiet());
}

TEST(ScalingRows, TheSplitFollowsFromThreeRuns) {
  const MeasuredSplit split{.without_communication = series({10, 10, 10}, 5), .alone = series({4, 4, 4})};
  const StepSeries both = series({11, 11, 11}, 5.5);
  const reports::CommunicationSplit parts = communication_split(both, split);
  EXPECT_DOUBLE_EQ(parts.alone_seconds, 4);
  EXPECT_DOUBLE_EQ(parts.exposed_seconds, 1);
  EXPECT_DOUBLE_EQ(parts.overlapped_seconds, 3);
  EXPECT_DOUBLE_EQ(parts.contended_seconds, 0.5);
  EXPECT_THAT(split_text(both, split), HasSubstr("overlapped = alone - exposed"));
}

TEST(ScalingRows, HiddenIsMeasuredAgainstAllButTheLastBucket) {
  LinkOverlap overlap{.training = {}, .link = {1e-3, 1e-9}, .with_link = series({13, 13}), .without = series({10, 10})};
  overlap.link_seconds = 6;
  overlap.last_bucket_seconds = 1;
  EXPECT_DOUBLE_EQ(overlap.exposed_seconds(), 3);
  EXPECT_DOUBLE_EQ(overlap.hidden_fraction(), 0.6);
  EXPECT_THAT(link_finding(overlap), AllOf(HasSubstr("= 0.6"), HasSubstr("not met")));
  overlap.with_link.noisy_probes = 10;
  EXPECT_THAT(link_finding(overlap), HasSubstr("inconclusive"));
}

TEST(ScalingRows, PointsHaveTheirBaseAndTheFormulasOfTheirKind) {
  ScalingPlan plan;
  plan.modes = {"data_parallel"};
  plan.ranks = {1, 2, 1024};
  plan.rows = 4096;
  ModelScaling scaling{.model = "mlp", .trainings = {}, .splits = {}, .side_by_side = {}};
  const auto add = [&](int ranks, std::int64_t rows, double seconds) {
    const TimedTraining training = training_of(plan, "data_parallel", "mlp", ranks, rows, 0);
    scaling.trainings[training.name()] = {training, series({seconds, seconds}), {}};
  };
  add(1, 4096, 1.0);
  add(2, 4096, 0.625);
  add(2, 8192, 1.25);
  add(1024, 4096, 0.5);
  const std::vector<reports::ScalingPoint> points = scaling_points(plan, scaling);
  ASSERT_EQ(points.size(), 5u) << "what was not measured has no point";
  EXPECT_DOUBLE_EQ(points[1].efficiency, 0.8);
  EXPECT_DOUBLE_EQ(points[3].efficiency, 0.8);
  EXPECT_EQ(points[1].base_ranks, 1);
  EXPECT_EQ(points[1].rows_per_rank, 4096);
  EXPECT_EQ(points[3].rows_per_rank, 2048);
  EXPECT_FALSE(points[1].oversubscribed && points[0].oversubscribed);
  EXPECT_TRUE(points[4].oversubscribed);
}

ModeComparison comparison(std::int64_t rows, double replicated, double distributed, bool decided = true) {
  ModeComparison made{.rows = rows, .replicated_seconds = replicated, .distributed_seconds = distributed};
  made.decided = decided;
  made.replicated_phases[static_cast<std::size_t>(Phase::scatter_gather)] = 0.7 * replicated;
  made.distributed_phases[static_cast<std::size_t>(Phase::buffer_broadcast)] = 0.4 * distributed;
  return made;
}

TEST(ScalingRows, TheFindingNamesTheCrossingAndTheLargestPart) {
  const std::string crossing = comparison_finding("m", 2, {comparison(64, 4, 2), comparison(8, 1, 1.5)});
  EXPECT_THAT(crossing, HasSubstr("distributed_data_parallel overtakes the other between 8 and 64 rows"));
  EXPECT_THAT(crossing, HasSubstr("at 64 rows most of the difference of 2e+03 ms is scatter_gather"));
  const std::string other = comparison_finding("m", 2, {comparison(8, 2, 4)});
  EXPECT_THAT(other, AllOf(HasSubstr("data_parallel is the faster one"), HasSubstr("is buffer_broadcast"),
                           Not(HasSubstr("overtakes the other"))));
  EXPECT_THAT(comparison_finding("m", 2, {comparison(8, 2, 1, false)}), HasSubstr("overlap everywhere"));
  EXPECT_EQ(comparison_finding("m", 2, {}), "");
}

TEST(ScalingRows, AVerdictOfANoisyMachineIsNeverNegative) {
  EXPECT_EQ(verdict(true, true), "met");
  EXPECT_EQ(verdict(false, true), "not met");
  EXPECT_THAT(verdict(false, false), HasSubstr("inconclusive"));
  const StepSeries one = series({9, 9, 9}), two = series({10, 10, 10});
  EXPECT_THAT(side_by_side_finding("m", 2, one, {}, two), AllOf(HasSubstr("0.9 of 2"), HasSubstr(": met")));
}

}  // namespace
}  // namespace lockstep
