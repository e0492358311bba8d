// SPDX-License-Identifier: Apache-2.0
#include "harness/communicator/planted_faults.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "harness/communicator/testing/recording_communicator.hpp"
#include "harness/data/error.hpp"

namespace lockstep {
namespace {

using testing::ElementsAre;

/// Rank 1 of 2 makes four all_reduce calls with the fault in the second.
class PlantedFaultsTest : public testing::Test {
 protected:
  void make_calls(CommunicationFault fault, int rank = kEveryRank) {
    PlantedFaults faults(inner, {{.fault = fault, .nth = 2, .rank = rank, .delay_seconds = 0.05}});
    for (int call = 0; call < 4; ++call) faults.start_all_reduce(buffer_of(values)).wait();
    planted = faults.planted();
  }
  RecordingCommunicator inner{1, 2};
  std::vector<float> values = std::vector<float>(4, 1.0f);
  int planted = -1;
};

TEST_F(PlantedFaultsTest, Drops) {
  make_calls(CommunicationFault::drop);
  EXPECT_THAT(inner.numbers(), ElementsAre(1, 3, 4));
  EXPECT_EQ(planted, 1);
}

TEST_F(PlantedFaultsTest, Repeats) {
  make_calls(CommunicationFault::repeat, 1);
  EXPECT_THAT(inner.numbers(), ElementsAre(1, 2, 2, 3, 4));
}

TEST_F(PlantedFaultsTest, Reorders) {
  make_calls(CommunicationFault::reorder);
  EXPECT_THAT(inner.numbers(), ElementsAre(1, 3, 2, 4));
}

TEST_F(PlantedFaultsTest, Delays) {
  const auto start = std::chrono::steady_clock::now();
  make_calls(CommunicationFault::delay);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
  EXPECT_THAT(inner.numbers(), ElementsAre(1, 2, 3, 4));
}

TEST_F(PlantedFaultsTest, DiesForGood) {
  PlantedFaults faults(inner, {{.fault = CommunicationFault::die, .nth = 2}});
  faults.all_reduce(buffer_of(values));
  EXPECT_THROW(faults.all_reduce(buffer_of(values)), Error);
  EXPECT_THROW(faults.barrier(), Error);
  EXPECT_THAT(inner.numbers(), ElementsAre(1));
  EXPECT_EQ(faults.planted(), 1);
}

TEST_F(PlantedFaultsTest, SendsAnotherCount) {
  make_calls(CommunicationFault::wrong_count);
  EXPECT_EQ(inner.calls()[0].count, 4);
  EXPECT_EQ(inner.calls()[1].count, 3);
  EXPECT_EQ(inner.calls()[2].count, 4);
  EXPECT_EQ(planted, 1);
}

TEST_F(PlantedFaultsTest, AFaultThatIsNoneIsNotCounted) {
  values.clear();
  make_calls(CommunicationFault::wrong_count);
  EXPECT_EQ(planted, 0);
  make_calls(CommunicationFault::wrong_element);
  EXPECT_EQ(planted, 0);
}

TEST_F(PlantedFaultsTest, TurnsOneBit) {
  make_calls(CommunicationFault::wrong_element);
  EXPECT_THAT(values, ElementsAre(1.0f, 1.0f, 1.0f, 1.0f + 0x1p-23f));
}

TEST_F(PlantedFaultsTest, LeavesOtherRanksAndCollectivesAlone) {
  make_calls(CommunicationFault::drop, 0);
  EXPECT_THAT(inner.numbers(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(planted, 0);
  PlantedFaults faults(inner, {{.fault = CommunicationFault::drop, .collective = Collective::barrier}});
  faults.all_reduce(buffer_of(values));
  EXPECT_EQ(faults.planted(), 0);
  faults.barrier();
  EXPECT_EQ(faults.planted(), 1);
}

}  // namespace
}  // namespace lockstep
