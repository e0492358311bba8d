// SPDX-License-Identifier: Apache-2.0
#include "kernels/shared/row_blocks.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/numerics/precision_contract.hpp"

namespace lockstep {
namespace {

/// Longest chain of additions that an element of the row passes through: its thread's own, then a tree over the threads
/// that have any.
double depth_of_row(std::int64_t columns, int pack, int threads) {
  const std::int64_t packs = columns / pack, chain = (packs + threads - 1) / threads * pack;
  const auto busy = static_cast<double>(std::min<std::int64_t>(packs, threads));
  return static_cast<double>(chain - 1) + std::ceil(std::log2(busy));
}

// The contract is written for packs of `pack`, but the launch may have to move single elements.
TEST(RowBlocks, ContractsNeverPromiseAShorterChainThanKernelsHave) {
  for (const int pack : {4, 8})
    for (std::int64_t columns = 1; columns < 5000; ++columns)
      for (const int threads : {8, 32, threads_for_row(columns)}) {
        const PrecisionContract contract{.partial_sums = partial_sums_of_row(columns, pack, threads)};
        const double promised = contract.depth(static_cast<double>(columns));
        ASSERT_GE(promised, depth_of_row(columns, 1, threads)) << columns << ' ' << pack << ' ' << threads;
        if (columns % pack == 0) {
          ASSERT_GE(promised, depth_of_row(columns, pack, threads)) << columns << ' ' << pack << ' ' << threads;
        }
      }
}

TEST(RowBlocks, RowsGetAsManyThreadsAsTheyNeed) {
  EXPECT_EQ(threads_for_row(1), 32);
  EXPECT_EQ(threads_for_row(257), 64);
  EXPECT_EQ(threads_for_row(4096), 512);
  EXPECT_TRUE(holds_few(4096));
  EXPECT_FALSE(holds_few(4097));
  EXPECT_EQ(threads_for_row(1 << 20), kMostRowThreads);
}

}  // namespace
}  // namespace lockstep
