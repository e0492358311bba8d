// SPDX-License-Identifier: Apache-2.0
#include "suites/training/planted_faults.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lockstep {
namespace {

class PlantedFaultTest : public ::testing::TestWithParam<PlantedFault> {};

TEST_P(PlantedFaultTest, IsCaughtAndTheHealthyRunPasses) {
  const FaultTrial trial = try_training_fault(GetParam());
  EXPECT_TRUE(trial.healthy_run_agrees) << trial.healthy_difference;
  EXPECT_TRUE(trial.caught);
  EXPECT_FALSE(trial.by.empty());
}

INSTANTIATE_TEST_SUITE_P(Training, PlantedFaultTest, ::testing::ValuesIn(planted_faults()),
                         [](const auto& fault) { return fault.param.id; });

TEST(PlantedFaults, EveryFaultIsPlantedOnce) {
  std::set<TrainingFault> planted;
  for (const PlantedFault& fault : planted_faults()) EXPECT_TRUE(planted.insert(fault.fault).second) << fault.id;
  EXPECT_EQ(planted.size(), static_cast<std::size_t>(TrainingFault::buffers_never_broadcast));
}

}  // namespace
}  // namespace lockstep
