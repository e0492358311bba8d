// SPDX-License-Identifier: Apache-2.0
#include "reports/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "reports/testing/synthetic_training.hpp"

namespace lockstep::reports {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr int timed_cases = 200;
constexpr int slowed_cases = 10;

// Two nights of `timed_cases` cases. Each pair of processes shares a disturbance of 3 %, each process has 1 % of its
// own. The first `slowed_cases` take `factor` times as long in the second night.
std::pair<Report, Report> two_nights(int samples, double factor, const std::string& pairing, std::uint64_t seed,
                                     SampleUnit unit = SampleUnit::process_median) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> shared(0, pairing.empty() ? 0 : 0.03), own(0, 0.01);
  std::pair<Report, Report> nights;
  for (int index = 0; index < timed_cases; ++index) {
    Measurement before;
    before.id = "gelu.forward/onednn/n=" + std::to_string(index);
    before.sample_unit = unit;
    before.pairing = pairing;
    Measurement after = before;
    for (int sample = 0; sample < samples; ++sample) {
      const double base = 1e-3 * shared(random);
      before.samples_seconds.push_back(base * own(random));
      after.samples_seconds.push_back(base * own(random) * (index < slowed_cases ? factor : 1));
    }
    nights.first.measurements.push_back(before);
    nights.second.measurements.push_back(after);
  }
  return nights;
}

Comparison compare_nights(const std::pair<Report, Report>& nights) { return compare(nights.first, nights.second); }

bool was_slowed(const SpeedChange& change) {
  return std::stoi(change.id.substr(change.id.find("n=") + 2)) < slowed_cases;
}

TEST(Compare, FindsAPlantedSlowdownInPairs) {
  const Comparison comparison = compare_nights(two_nights(20, 1.05, "night", 1));
  int found = 0, false_alarms = 0;
  for (const SpeedChange& change : comparison.speeds) {
    EXPECT_TRUE(change.paired);
    if (change.verdict != SpeedVerdict::regressed) continue;
    ++(was_slowed(change) ? found : false_alarms);
  }
  EXPECT_GE(found, 9);
  EXPECT_EQ(false_alarms, 0);
  EXPECT_EQ(comparison.count(SpeedVerdict::improved), 0);
  // Most of the others are proved unchanged, not merely without a finding.
  EXPECT_GE(comparison.count(SpeedVerdict::unchanged), 150);
  EXPECT_TRUE(comparison.got_worse());
  EXPECT_EQ(comparison.speeds.front().verdict, SpeedVerdict::regressed);
}

TEST(Compare, FindsAPlantedSlowdownWithoutPairs) {
  const Comparison comparison = compare_nights(two_nights(30, 1.05, "", 2));
  int found = 0;
  for (const SpeedChange& change : comparison.speeds) {
    EXPECT_FALSE(change.paired);
    if (change.verdict == SpeedVerdict::regressed) {
      EXPECT_TRUE(was_slowed(change));
      ++found;
    }
  }
  EXPECT_GE(found, 8);
}

TEST(Compare, FindsAnImprovement) {
  const Comparison comparison = compare_nights(two_nights(20, 1 / 1.05, "night", 3));
  EXPECT_GE(comparison.count(SpeedVerdict::improved), 9);
  EXPECT_EQ(comparison.count(SpeedVerdict::regressed), 0);
  EXPECT_FALSE(comparison.got_worse());
}

TEST(Compare, TwoRunsOfTheSameAreNeverAChange) {
  for (std::uint64_t seed = 10; seed < 20; ++seed) {
    for (const std::string pairing : {"night", ""}) {
      const Comparison comparison = compare_nights(two_nights(20, 1, pairing, seed));
      EXPECT_EQ(comparison.count(SpeedVerdict::regressed) + comparison.count(SpeedVerdict::improved), 0) << seed;
    }
  }
}

TEST(Compare, AFewSamplesAreInconclusive) {
  const Comparison comparison = compare_nights(two_nights(3, 1.05, "night", 4));
  EXPECT_EQ(comparison.count(SpeedVerdict::inconclusive), timed_cases);
  EXPECT_THAT(comparison.speeds.front().note, HasSubstr("too few samples"));
}

TEST(Compare, SamplesOfOneProcessMustClearTheAllowance) {
  const Comparison small = compare_nights(two_nights(40, 1.05, "", 5, SampleUnit::iteration));
  EXPECT_EQ(small.count(SpeedVerdict::inconclusive), timed_cases) << "5 % may be the luck of one process";
  const Comparison large = compare_nights(two_nights(40, 1.25, "", 5, SampleUnit::iteration));
  EXPECT_EQ(large.count(SpeedVerdict::regressed), slowed_cases);
}

TEST(Compare, ANoisyMachineProvesNothingWithoutPairs) {
  std::pair<Report, Report> nights = two_nights(30, 1.25, "", 6);
  for (Measurement& measurement : nights.second.measurements) measurement.quiet = false;
  const Comparison comparison = compare_nights(nights);
  EXPECT_EQ(comparison.count(SpeedVerdict::regressed), 0);
  EXPECT_THAT(comparison.speeds.front().note, HasSubstr("not quiet"));
}

TEST(Compare, ReportsWhatHappenedToOutcomes) {
  Report before = synthetic_report({.cases = 90, .failing = false});
  Report after = before;
  after.cases[0].outcome = Outcome::failed;    // newly broken
  before.cases[1].outcome = Outcome::crashed;  // fixed
  after.cases[2].outcome = Outcome::skipped;   // no longer run
  after.cases[2].reason = "no GPU was found";
  before.cases[3].outcome = after.cases[3].outcome = Outcome::failed;
  before.cases[4].outcome = Outcome::skipped;  // newly run
  before.cases[5].outcome = after.cases[5].outcome = Outcome::skipped;
  before.cases[5].reason = "built without oneDNN";
  after.cases[5].reason = "oneDNN refuses";
  after.cases[6].id += ",renamed";
  const Comparison comparison = compare(before, after);
  const auto expect_one = [&](OutcomeMove move, const std::string& id) {
    EXPECT_EQ(comparison.count(move), 1) << name_of(move);
    for (const OutcomeChange& change : comparison.outcomes) {
      if (change.move == move) {
        EXPECT_EQ(change.id, id);
      }
    }
  };
  expect_one(OutcomeMove::broke, before.cases[0].id);
  expect_one(OutcomeMove::fixed, before.cases[1].id);
  expect_one(OutcomeMove::now_skipped, before.cases[2].id);
  expect_one(OutcomeMove::still_broken, before.cases[3].id);
  expect_one(OutcomeMove::runs_again, before.cases[4].id);
  expect_one(OutcomeMove::reason_changed, before.cases[5].id);
  expect_one(OutcomeMove::appeared, after.cases[6].id);
  expect_one(OutcomeMove::vanished, before.cases[6].id);
  EXPECT_EQ(comparison.outcomes.size(), 8u);
  EXPECT_TRUE(comparison.got_worse());
  const std::string text = compare_text(comparison);
  EXPECT_THAT(text, HasSubstr("Newly broken: 1\n  " + before.cases[0].id + "  passed -> failed"));
  EXPECT_THAT(text, HasSubstr("was: built without oneDNN; now: oneDNN refuses"));
}

TEST(Compare, ANewCaseThatFailsIsNewlyBroken) {
  const Report before;
  Report after = synthetic_report({.cases = 20, .failing = false});
  after.cases.resize(2);
  after.training = {};
  after.cases[1].outcome = Outcome::failed;
  const Comparison comparison = compare(before, after);
  EXPECT_EQ(comparison.count(OutcomeMove::broke), 1);
  EXPECT_EQ(comparison.count(OutcomeMove::appeared), 1);
}

TEST(Compare, SaysFirstThatTheMachinesDiffer) {
  std::pair<Report, Report> nights = two_nights(20, 1.05, "night", 7);
  nights.first.environment.cpu_model = "Old \033[31mProcessor";
  nights.second.environment.cpu_model = "New Processor";
  const Comparison comparison = compare_nights(nights);
  const std::string text = compare_text(comparison);
  EXPECT_THAT(text, StartsWith("These reports are of different machines"));
  EXPECT_THAT(text, HasSubstr("-> New Processor"));
  EXPECT_THAT(text, Not(HasSubstr("\033"))) << "a name from a file must not reach the terminal as a control sequence";
  EXPECT_FALSE(comparison.got_worse()) << "another machine is no regression";
}

TEST(Compare, TheTextNamesTheCountsAndLimitsItself) {
  const std::string text = compare_text(compare_nights(two_nights(20, 1.05, "night", 8)), 4);
  EXPECT_THAT(text, HasSubstr("No outcome changed."));
  EXPECT_THAT(text, HasSubstr("unchanged (proved, inside +-2.0 %)"));
  EXPECT_THAT(text, HasSubstr("more\n"));
}

// Two nights that trained the same runs.
std::pair<Report, Report> two_trainings(double factor) {
  std::pair<Report, Report> nights;
  nights.first.training = synthetic_training({.failing = false, .seed = 1});
  nights.second.training = synthetic_training({.failing = false, .seed = 2, .speed_factor = factor});
  return nights;
}

TEST(Compare, SaysWhichTrainingRunsChangedTheirOutcome) {
  auto [before, after] = two_trainings(1);
  EXPECT_EQ(compare(before, after).outcomes.size(), 0u);
  after.training.runs[1].outcome = Outcome::failed;
  after.training.runs[1].agreement->difference = "gradient w1 of step 0 is 3 limits away";
  after.training.runs[2].agreement->bit_identical = false;
  after.training.faults[0].caught = false;
  after.training.runs.erase(after.training.runs.begin() + 3);
  const Comparison comparison = compare(before, after);
  EXPECT_EQ(comparison.count(OutcomeMove::broke), 2);
  EXPECT_EQ(comparison.count(OutcomeMove::lost_bits), 1);
  EXPECT_EQ(comparison.count(OutcomeMove::vanished), 1);
  EXPECT_TRUE(comparison.got_worse());
  EXPECT_TRUE(comparison.outcomes.front().training);
  const std::string text = compare_text(comparison);
  EXPECT_THAT(text, HasSubstr("train.data_parallel/small_resnet/ranks=2,dtype=float32  passed -> failed: gradient w1"));
  EXPECT_THAT(text, HasSubstr("training fault gradients_summed  caught -> missed"));
  EXPECT_THAT(text, HasSubstr("No longer bit-identical: 1"));
}

TEST(Compare, FindsATrainingRunThatBecameSlower) {
  const auto [before, after] = two_trainings(1.25);
  const Comparison comparison = compare(before, after);
  EXPECT_TRUE(comparison.got_worse());
  EXPECT_THAT(compare_text(comparison), HasSubstr("train.fully_sharded/small_resnet/ranks=2,dtype=float32"));
  // 7 runs passed; the one that was not quiet proves nothing.
  EXPECT_EQ(comparison.count(SpeedVerdict::regressed), 6);
  EXPECT_EQ(compare(before, before).count(SpeedVerdict::regressed), 0);
  // What did not pass has no speed to compare.
  Report failed = after;
  for (TrainingRun& run : failed.training.runs) run.outcome = Outcome::failed;
  EXPECT_EQ(compare(before, failed).speeds.size(), 0u);
}

}  // namespace
}  // namespace lockstep::reports
