// SPDX-License-Identifier: Apache-2.0
// What is measured, measured. A target that is missed on a machine that others use says nothing: such a test is skipped
// and says why; on a quiet machine it fails. Noise only takes away from what was reached, so each has several attempts.
// They measure the machine as much as the program, so they are asked for by name: LOCKSTEP_TARGETS=1, as ci/nightly.sh does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <numeric>

#include "harness/data/error.hpp"
#include "kernels/communicator/threads/run_ranks.hpp"
#include "suites/operators/problems.hpp"
#include "suites/scaling/collective_points.hpp"
#include "suites/scaling/findings.hpp"
#include "suites/scaling/scaling_rows.hpp"
#include "suites/scaling/stubbed_communication.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

bool always(const std::string&) { return true; }

struct Attempt {
  bool reached, conclusive;
  std::string finding;
};

/// Until the target is reached, three times at most; what an attempt on a busy machine missed is no finding.
template <class Measure>
void expect_reached(const Measure& measure) {
  if (std::getenv("LOCKSTEP_TARGETS") == nullptr) GTEST_SKIP() << "measured where LOCKSTEP_TARGETS=1 asks for it";
  Attempt last{};
  bool missed = false;
  for (int attempt = 0; attempt < 3 && !last.reached; ++attempt) {
    last = measure();
    std::cout << last.finding << std::endl;
    missed = missed || (!last.reached && last.conclusive);
  }
  if (!last.reached && !missed)
    GTEST_SKIP() << "inconclusive, the machine was not quiet or has one core: " << last.finding;
  EXPECT_TRUE(last.reached) << last.finding;
}

TEST(ScalingStudy, StubbedCallsOfStepsMoveNothingAndOthersAreCarriedOut) {
  run_ranks(2, [](Communicator& transport) {
    StubbedCommunication stubbed(transport);
    std::vector<float> values(3, 1.0f);
    stubbed.all_reduce(buffer_of(values));
    EXPECT_EQ(values[0], 2.0f);
    stubbed.set_step(0);
    // One rank calls alone: nobody waits.
    if (stubbed.rank() == 0) stubbed.all_reduce(buffer_of(values));
    if (stubbed.rank() == 0) stubbed.start_all_reduce(buffer_of(values)).wait();
    EXPECT_EQ(values[0], 2.0f);
  });
}

TEST(ScalingStudy, ATimedTrainingHasItsStepsOnEveryRank) {
  for (const char* mode : {"distributed_data_parallel", "data_parallel"}) {
    const TimedTraining training{.mode = mode, .model = "mlp", .ranks = 2, .rows = 8, .bucket_bytes = 64, .steps = 2};
    const TrainingRecord record = train_timed(training, catalogue());
    ASSERT_EQ(record.ranks.size(), 2u);
    EXPECT_EQ(record.ranks[1].timelines.size(), 3u);
    EXPECT_GT(record.ranks[1].tensor_bytes, 0);
    const StepSample sample = sample_of(record);
    EXPECT_GT(sample.step_seconds, sample.backward_seconds);
    EXPECT_GT(sample.backward_seconds, 0);
  }
}

TEST(ScalingStudy, BucketsHoldEveryGradient) {
  const TimedTraining training{.model = "mlp", .ranks = 2, .bucket_bytes = 64};
  const std::vector<std::int64_t> sizes = bucket_sizes(training);
  EXPECT_GT(sizes.size(), 1u);
  std::int64_t bytes = 0;
  for (const NamedVariable& parameter : find_model("mlp").make({.dtype = DType::f32})->parameters())
    bytes += parameter.variable.count() * 4;
  EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}), bytes);
}

TEST(ScalingStudy, CommunicationAloneTakesAsLongAsItsLink) {
  TimedTraining training{.model = "mlp", .ranks = 2, .rows = 4, .bucket_bytes = 1 << 20, .steps = 3};
  training.wrap_communicator = [](Communicator& inner) {
    return std::make_unique<ModelledLink>(inner, LinkModel{.latency_seconds = 0.01});
  };
  // One bucket, and an all_reduce between two ranks has two latencies.
  EXPECT_GE(sample_of_communication(training).step_seconds, 0.019);
}

TEST(ScalingStudy, AStudyHasEveryPointOnceAndItsSplit) {
  ScalingPlan plan;
  plan.models = {"mlp"};
  plan.ranks = {1, 2};
  plan.rows = 8;
  plan.bucket_bytes = {64, 1 << 20};
  plan.repetitions = 1;
  plan.steps = 1;
  std::size_t asked = 0;
  const ModelScaling scaling = measure_model(plan, "mlp", catalogue(), [&](const std::string&) { return ++asked > 0; });
  EXPECT_EQ(asked, runs_of_model(plan, "mlp"));
  EXPECT_EQ(scaling_points(plan, scaling).size(), 12u);  // 2 kinds, 2 ranks, (2 bucket sizes + data_parallel)
  EXPECT_EQ(scaling.splits.size(), 2u);
  plan.modes = {"single"};
  EXPECT_THROW(runs_of_model(plan, "mlp"), Error);
}

TEST(ScalingStudy, OneBucketHasNothingToHideBehind) {
  const TimedTraining training{.model = "mlp", .ranks = 2, .rows = 4, .bucket_bytes = 1 << 20};
  EXPECT_THROW(measure_link_overlap(training, {}, 1, catalogue(), always), Error);
}

TEST(ScalingTargets, FourFifthsOfWhatCanBeHiddenBehindTheBackwardIs) {
  const TimedTraining training{.model = "resnet18_tiny", .ranks = 2, .rows = 64, .bucket_bytes = 16 << 10, .steps = 3};
  expect_reached([&] {
    const LinkOverlap overlap = measure_link_overlap(training, {}, 5, catalogue(), always);
    return Attempt{overlap.hidden_fraction() >= kHiddenTarget, !is_oversubscribed(2) && overlap.quiet(),
                   overlap.text()};
  });
}

TEST(ScalingTargets, AllReduceMovesItsBytesNearlyAsFastAsACopy) {
  expect_reached([] {
    const std::vector<BandwidthPoint> points = measure_collectives(2, {1 << 20, 4 << 20, 16 << 20}, 9);
    EXPECT_EQ(points.size(), 12u);
    Attempt attempt{true, !is_oversubscribed(2), all_reduce_finding(points)};
    for (const BandwidthPoint& point : points) {
      EXPECT_EQ(collective_row(point).bytes, point.payload_bytes);
      if (point.collective != Collective::all_reduce) continue;
      attempt.reached = attempt.reached && point.fraction_of_copy >= kLeastFractionOfCopy;
      attempt.conclusive = attempt.conclusive && is_quiet(point);
    }
    return attempt;
  });
}

TEST(ScalingTargets, TwoRanksKeepUpWithTwoIndependentTrainings) {
  const TimedTraining training{.model = "mlp_wide", .ranks = 2, .rows = 512, .bucket_bytes = 25 << 20, .steps = 3};
  expect_reached([&] {
    const std::vector<StepSeries> series = measure_interleaved(
        {{"side by side", [&] { return sample_side_by_side(training, catalogue()); }},
         {"distributed_data_parallel", [&] { return sample_of(train_timed(training, catalogue())); }}},
        9, always);
    return Attempt{series[0].median() >= kWeakScalingTarget * series[1].median(),
                   !is_oversubscribed(2) && series[0].quiet() && series[1].quiet(),
                   side_by_side_finding("mlp_wide", 2, series[0], training, series[1])};
  });
}

}  // namespace
}  // namespace lockstep
