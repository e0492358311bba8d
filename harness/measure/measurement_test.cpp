// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/measurement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/data/random.hpp"

namespace lockstep {
namespace {

/// 1, 2, ..., n in an order that is not sorted.
std::vector<double> ranks(std::size_t n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 1.0);
  std::reverse(values.begin(), values.end());
  std::rotate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n / 3), values.end());
  return values;
}

TEST(Measurement, MedianOfOddAndEvenCounts) {
  EXPECT_EQ(median_of({3, 1, 2}), 2);
  EXPECT_EQ(median_of({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(median_of({7}), 7);
  EXPECT_TRUE(std::isnan(median_of({})));
}

TEST(Measurement, IntervalHasTheRanksOfTheBinomialTable) {
  // n, lower rank d: [x(d), x(n+1-d)] covers the median with at least 95 %. Table of the sign test's critical values
  // (two-sided, 5 %): d - 1 is the largest count of minus signs that still rejects.
  const std::pair<std::size_t, int> table[]{{6, 1},  {7, 1},  {8, 1},  {9, 2},   {11, 2},  {12, 3},  {14, 3},  {15, 4},
                                            {17, 5}, {20, 6}, {25, 8}, {30, 10}, {40, 14}, {50, 18}, {100, 40}};
  for (const auto& [n, rank] : table) {
    const Interval interval = median_interval(ranks(n));
    EXPECT_EQ(interval.low, rank) << n;
    EXPECT_EQ(interval.high, static_cast<double>(n) + 1 - rank) << n;
  }
}

TEST(Measurement, FewerThanSixSamplesGiveNoInterval) {
  for (std::size_t n = 0; n < 6; ++n) {
    const Interval interval = median_interval(ranks(n));
    EXPECT_TRUE(std::isnan(interval.low) && std::isnan(interval.high)) << n;
  }
}

TEST(Measurement, ManySamplesFollowTheNormalLimit) {
  // Beyond 1074 samples 2^-n is no double any more. The rank is n/2 - 1.96 sqrt(n)/2 within one.
  for (const std::size_t n : {1000u, 1073u, 1074u, 1075u, 1076u, 2500u, 100000u}) {
    const double count = static_cast<double>(n);
    const Interval interval = median_interval(ranks(n));
    EXPECT_NEAR(interval.low, count / 2 - 0.979982 * std::sqrt(count), 1.0) << n;
    EXPECT_EQ(interval.high, count + 1 - interval.low) << n;
  }
}

TEST(Measurement, IntervalCoversTheMedianAsOftenAsPromised) {
  // Exponentially distributed times: skewed as real ones are. The exact coverage at n = 20 is 95.86 %, at n = 9 96.09 %.
  for (const std::size_t n : {9u, 20u}) {
    RandomStream stream(2024);
    int covered = 0;
    constexpr int kTrials = 4000;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::vector<double> times(n);
      for (double& time : times) time = 1.0 - std::log1p(-stream.uniform());
      const Interval interval = median_interval(times);
      covered += interval.low <= 1.0 + std::log(2.0) && 1.0 + std::log(2.0) <= interval.high ? 1 : 0;
    }
    EXPECT_GT(covered, 0.95 * kTrials) << n;
    EXPECT_LT(covered, 0.97 * kTrials) << n;  // and no wider than needed
  }
}

TEST(Measurement, KindsHaveTheNamesOfRecords) {
  EXPECT_EQ(name_of(MeasurementKind::cpu_wall), "cpu_wall");
  EXPECT_EQ(name_of(MeasurementKind::gpu_cold), "gpu_cold");
  EXPECT_EQ(name_of(MeasurementKind::gpu_warm_graph), "gpu_warm_graph");
  EXPECT_EQ(name_of(MeasurementKind::gpu_launch_inclusive), "gpu_launch_inclusive");
}

}  // namespace
}  // namespace lockstep
