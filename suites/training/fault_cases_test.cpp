// SPDX-License-Identifier: Apache-2.0
#include "suites/training/fault_cases.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lockstep {
namespace {

class TrainingFaultTest : public ::testing::TestWithParam<TrainingFaultCase> {};

TEST_P(TrainingFaultTest, IsCaughtAndTheHealthyRunPasses) {
  const TrainingFaultTrial trial = try_training_fault(GetParam());
  EXPECT_TRUE(trial.healthy_run_agrees) << trial.healthy_difference;
  EXPECT_TRUE(trial.caught);
  EXPECT_FALSE(trial.by.empty());
}

INSTANTIATE_TEST_SUITE_P(Training, TrainingFaultTest, ::testing::ValuesIn(training_fault_cases()),
                         [](const auto& fault) { return fault.param.id; });

TEST(TrainingFaults, EveryFaultIsPlantedOnce) {
  std::set<TrainingFault> planted;
  for (const TrainingFaultCase& fault : training_fault_cases())
    EXPECT_TRUE(planted.insert(fault.fault).second) << fault.id;
  EXPECT_EQ(planted.size(), kTrainingFaults);
}

}  // namespace
}  // namespace lockstep
