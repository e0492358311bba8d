// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/threads/run_ranks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

using testing::HasSubstr;

TEST(RunRanks, GivesEveryRankItsNumber) {
  std::vector<int> seen(8, -1);
  run_ranks(8, [&](Communicator& ranks) {
    EXPECT_EQ(ranks.size(), 8);
    seen[static_cast<std::size_t>(ranks.rank())] = ranks.rank();
  });
  EXPECT_THAT(seen, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(RunRanks, ARankThatDiesEndsTheOthersByName) {
  const auto body = [](Communicator& ranks) {
    std::vector<float> values(100, 1.0f);
    if (ranks.rank() == 2) throw std::runtime_error("out of memory");
    ranks.set_step(7);
    Handle pending = ranks.start_all_reduce(buffer_of(values));
    pending.wait();
  };
  const auto failures = failures_of_ranks(4, body);
  EXPECT_EQ(failures[2], "out of memory");
  for (const int other : {0, 1, 3})
    EXPECT_EQ(
        failures[static_cast<std::size_t>(other)],
        "rank " + std::to_string(other) + ": call 1 all_reduce(sum of 100 f32) in step 7: rank 2 died: out of memory");
  try {
    run_ranks(4, body);
    FAIL() << "the failure was lost";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "rank 2 died: out of memory");
  }
}

TEST(RunRanks, ARankThatEndsEarlyEndsWhoWaitsForIt) {
  for (int repeat = 0; repeat < 50; ++repeat) {
    const auto failures = failures_of_ranks(2, [](Communicator& ranks) {
      ranks.barrier();
      if (ranks.rank() == 0) ranks.barrier();
    });
    EXPECT_THAT(failures[0], HasSubstr("call 2 barrier: rank 1 ended without this call"));
    EXPECT_EQ(failures[1], "");
  }
}

TEST(RunRanks, WaitingForAMessageOfARankThatEndedIsAnError) {
  const auto failures = failures_of_ranks(2, [](Communicator& ranks) {
    std::vector<float> value(1);
    if (ranks.rank() == 0) ranks.receive(buffer_of(value), 1);
  });
  EXPECT_THAT(failures[0], HasSubstr("rank 1 ended without sending"));
}

TEST(RunRanks, AMessageThatNobodyReceivedIsAnError) {
  const auto body = [](Communicator& ranks) {
    std::vector<float> value(1);
    if (ranks.rank() == 0) ranks.send(buffer_of(value), 1);
  };
  EXPECT_THROW(run_ranks(2, body), Error);
}

TEST(RunRanks, TheLimitOfTheRunEndsIt) {
  const auto failures = failures_of_ranks(2,
                                          [](Communicator& ranks) {
                                            for (;;) ranks.barrier();
                                          },
                                          {.total_limit_seconds = 0.2});
  for (const std::string& failure : failures) EXPECT_THAT(failure, HasSubstr("the run took longer than its limit"));
}

TEST(RunRanks, NoRanksIsAnError) {
  EXPECT_THROW(run_ranks(0, [](Communicator&) {}), Error);
}

}  // namespace
}  // namespace lockstep
