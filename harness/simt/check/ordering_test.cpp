// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/check/ordering.hpp"

#include <gtest/gtest.h>

namespace lockstep::simt::check {
namespace {

/// Too large for a stack.
Ordering& fresh() {
  static Ordering ordering;
  ordering.restart();
  ordering.begin_launch();
  ordering.begin_block(7);
  return ordering;
}

struct Stamp {
  std::uint32_t epoch, time;
  unsigned thread;
};

Stamp stamp(const Ordering& ordering, unsigned thread) {
  return {ordering.epoch(), ordering.time_of(thread / kLanes), thread};
}

bool sees(const Ordering& ordering, unsigned self, const Stamp& other) {
  return ordering.is_ordered(other.epoch, other.time, other.thread, self);
}

TEST(Ordering, OneThreadIsInOrder) {
  Ordering& ordering = fresh();
  const Stamp mine = stamp(ordering, 3);
  EXPECT_TRUE(sees(ordering, 3, mine));
  EXPECT_FALSE(sees(ordering, 4, mine)) << "lanes of a warp do not run in lockstep";
  EXPECT_FALSE(sees(ordering, 35, mine));
}

TEST(Ordering, ABarrierOrdersTheBlock) {
  Ordering& ordering = fresh();
  const Stamp before = stamp(ordering, 3);
  ordering.pass_barrier();
  EXPECT_TRUE(sees(ordering, 35, before));
  EXPECT_FALSE(sees(ordering, 35, stamp(ordering, 3)));
}

TEST(Ordering, SyncwarpOrdersItsLanes) {
  Ordering& ordering = fresh();
  const Stamp of_one = stamp(ordering, 1), of_next_warp = stamp(ordering, 33);
  ordering.join_lanes(0, 0x3u);
  EXPECT_TRUE(sees(ordering, 0, of_one));
  EXPECT_FALSE(sees(ordering, 2, of_one));
  EXPECT_FALSE(sees(ordering, 0, of_next_warp));
  ordering.join_lanes(0, 0x6u);
  EXPECT_TRUE(sees(ordering, 2, of_one)) << "lane 1 passes on what it did before";
  EXPECT_FALSE(sees(ordering, 2, stamp(ordering, 1)));
  ordering.join_lanes(0, 0xffffffffu);
  EXPECT_TRUE(sees(ordering, 31, of_one));
}

TEST(Ordering, LanesPassOnWhatTheyHaveLearnt) {
  Ordering& ordering = fresh();
  const Stamp of_zero = stamp(ordering, 0);
  ordering.join_lanes(0, 0x3u);  // 0 and 1
  ordering.join_lanes(0, 0xau);  // 1 and 3
  EXPECT_TRUE(sees(ordering, 3, of_zero));
  EXPECT_FALSE(sees(ordering, 2, of_zero));
}

TEST(Ordering, BlocksAreNotOrderedAndLaunchesAre) {
  Ordering& ordering = fresh();
  const Stamp first = stamp(ordering, 0);
  ordering.begin_block(9);
  const Stamp second = stamp(ordering, 0);
  EXPECT_FALSE(sees(ordering, 0, first)) << "the same thread index of another block";
  EXPECT_EQ(ordering.block_at(first.epoch), 7);
  EXPECT_EQ(ordering.block_at(second.epoch), 9);
  ordering.begin_launch();
  ordering.begin_block(0);
  EXPECT_TRUE(sees(ordering, 0, first));
  EXPECT_TRUE(sees(ordering, 5, second));
}

TEST(Ordering, FinishedBlocksAreAcquiredByTheThreadAndAfterABarrierByAll) {
  Ordering& ordering = fresh();
  const Stamp first = stamp(ordering, 0);
  ordering.begin_block(8);
  ordering.acquire_finished_blocks(5);
  EXPECT_TRUE(sees(ordering, 5, first));
  EXPECT_FALSE(sees(ordering, 6, first));
  ordering.pass_barrier();
  EXPECT_TRUE(sees(ordering, 6, first));
  ordering.begin_block(9);
  EXPECT_FALSE(sees(ordering, 5, first));
}

}  // namespace
}  // namespace lockstep::simt::check
