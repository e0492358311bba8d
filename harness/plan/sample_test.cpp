// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/sample.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace lockstep {
namespace {

std::vector<std::int64_t> everything(std::int64_t count) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

bool is_ascending(const std::vector<std::int64_t>& sample) {
  return std::adjacent_find(sample.begin(), sample.end(), std::greater_equal<>()) == sample.end();
}

TEST(Sample, SmallTensorsAreJudgedWhole) {
  for (const std::int64_t count : {0, 1, 31, 33, 1088, 16383})
    EXPECT_EQ(choose_sample(count, Coverage::automatic, 1), everything(count)) << count;
  EXPECT_LT(choose_sample(16384, Coverage::automatic, 1).size(), 16384u);
}

TEST(Sample, FullAndSampledAreObeyed) {
  EXPECT_EQ(choose_sample(50000, Coverage::full, 1), everything(50000));
  EXPECT_LT(choose_sample(16000, Coverage::sampled, 1).size(), 16000u);
  // So little that a sample would be as much.
  EXPECT_EQ(choose_sample(1000, Coverage::sampled, 1), everything(1000));
}

TEST(Sample, HoldsTheFirstAndTheLastRunAndIsAscending) {
  for (const std::int64_t count :
       {std::int64_t{1089}, std::int64_t{16384}, std::int64_t{1000003}, std::int64_t{1} << 33})
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const std::vector<std::int64_t> sample = choose_sample(count, Coverage::sampled, seed);
      ASSERT_TRUE(is_ascending(sample));
      ASSERT_GE(sample.size(), 64u);
      ASSERT_LE(sample.size(), 34u * 32u);
      for (std::int64_t i = 0; i < 32; ++i) {
        ASSERT_EQ(sample[static_cast<std::size_t>(i)], i);
        ASSERT_EQ(sample[sample.size() - 1 - static_cast<std::size_t>(i)], count - 1 - i);
      }
    }
}

TEST(Sample, ConsistsOfRunsOfNeighbours) {
  const std::vector<std::int64_t> sample = choose_sample(std::int64_t{1} << 40, Coverage::automatic, 5);
  EXPECT_EQ(sample.size(), 34u * 32u);  // among 2^40 no two runs meet
  for (std::size_t run = 0; run < 34; ++run) EXPECT_EQ(sample[run * 32 + 31], sample[run * 32] + 31) << run;
}

TEST(Sample, DependsOnTheSeedAlone) {
  const auto of = [](std::uint64_t seed) { return choose_sample(1000000, Coverage::sampled, seed); };
  EXPECT_EQ(of(3), of(3));
  std::set<std::vector<std::int64_t>> different;
  for (std::uint64_t seed = 0; seed < 10; ++seed) different.insert(of(seed));
  EXPECT_EQ(different.size(), 10u);
}

TEST(Sample, ReachesAllOfTheTensorOverManySeeds) {
  // Each tenth of the tensor is hit by about 3 of the 32 runs of a seed; over 50 seeds none may stay out.
  std::vector<int> hits(10, 0);
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    for (const std::int64_t index : choose_sample(100000, Coverage::sampled, seed))
      ++hits[static_cast<std::size_t>(index / 10000)];
  for (const int count : hits) EXPECT_GT(count, 50 * 32 * 32 / 10 / 2);
}

}  // namespace
}  // namespace lockstep
