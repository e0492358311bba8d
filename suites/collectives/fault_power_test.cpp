// SPDX-License-Identifier: Apache-2.0
#include "suites/collectives/fault_power.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/communicator/threads/run_ranks.hpp"

namespace lockstep {
namespace {

TEST(FaultPower, EveryPlantedFaultIsCaught) {
  int planted = 0, caught = 0;
  for (const bool started : {false, true})
    for (const PlantedFault& fault : noticeable_faults(3)) {
      const FaultOutcome outcome = plant(fault, 3, started);
      EXPECT_GE(outcome.planted, 1) << label_of(fault);
      EXPECT_TRUE(outcome.caught()) << label_of(fault);
      ++planted;
      caught += outcome.caught() ? 1 : 0;
    }
  EXPECT_GT(planted, 180);
  EXPECT_EQ(caught, planted);
  RecordProperty("planted", planted);
  RecordProperty("caught", caught);
}

TEST(FaultPower, WhatBreaksTheProtocolEndsEveryRankAndNamesTheCalls) {
  for (const CommunicationFault kind : {CommunicationFault::drop, CommunicationFault::repeat,
                                        CommunicationFault::reorder, CommunicationFault::wrong_count}) {
    const auto failures = failures_of_ranks(3, [&](Communicator& transport) {
      PlantedFaults faulty(transport, {{.fault = kind, .nth = 2, .rank = 1}});
      std::vector<float> values(100, 1.0f);
      for (int step = 0; step < 3; ++step) {
        faulty.set_step(step);
        faulty.start_all_reduce(buffer_of(values)).wait();
      }
    });
    for (const std::string& failure : failures)
      EXPECT_THAT(failure,
                  testing::ContainsRegex("the ranks' calls differ: rank 0 call [23] all_reduce.* in step [12]; "
                                         "rank 1 call [23] all_reduce"))
          << name_of(kind);
  }
}

TEST(FaultPower, WithoutAFaultNothingIsCaught) {
  const FaultOutcome outcome = plant({.nth = 99}, 3, true);  // a call that is never made
  EXPECT_EQ(outcome.planted, 0);
  EXPECT_FALSE(outcome.caught());
}

}  // namespace
}  // namespace lockstep
