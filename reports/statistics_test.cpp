// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace lockstep::reports {
namespace {

std::vector<double> draw(std::mt19937_64& random, int count, double shift) {
  // Skewed as times are: an exponential tail on a narrow body.
  std::exponential_distribution<double> tail(1 / 0.01);
  std::vector<double> samples;
  for (int i = 0; i < count; ++i) samples.push_back(shift + tail(random));
  return samples;
}

TEST(Statistics, TailOfAFairCoin) {
  EXPECT_DOUBLE_EQ(fair_binomial_tail(10, -1), 0);
  EXPECT_NEAR(fair_binomial_tail(10, 0), 1.0 / 1024, 1e-15);
  EXPECT_NEAR(fair_binomial_tail(10, 1), 11.0 / 1024, 1e-14);
  EXPECT_NEAR(fair_binomial_tail(4, 2), 11.0 / 16, 1e-14);
  EXPECT_DOUBLE_EQ(fair_binomial_tail(4, 4), 1);
}

TEST(Statistics, MedianAndItsInterval) {
  EXPECT_TRUE(std::isnan(median_of({})));
  EXPECT_DOUBLE_EQ(median_of({3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(median_of({4, 1, 3, 2}), 2.5);
  // Five samples reach 1 - 2^-4 = 93.75 %, six reach 96.9 %.
  EXPECT_FALSE(median_interval({1, 2, 3, 4, 5}, 0.05).has_value());
  const std::optional<Interval> six = median_interval({6, 5, 4, 3, 2, 1}, 0.05);
  ASSERT_TRUE(six.has_value());
  EXPECT_DOUBLE_EQ(six->low, 1);
  EXPECT_DOUBLE_EQ(six->high, 6);
  // Twenty: the 6th and the 15th, the textbook's ranks.
  std::vector<double> twenty;
  for (int i = 1; i <= 20; ++i) twenty.push_back(i);
  EXPECT_DOUBLE_EQ(median_interval(twenty, 0.05)->low, 6);
  EXPECT_DOUBLE_EQ(median_interval(twenty, 0.05)->high, 15);
}

TEST(Statistics, IntervalsCoverTheMedian) {
  std::mt19937_64 random(5);
  const double true_median = 1 + 0.01 * std::log(2.0);
  int covered = 0;
  constexpr int trials = 2000;
  for (int trial = 0; trial < trials; ++trial) {
    const std::optional<Interval> interval = median_interval(draw(random, 15, 1), 0.05);
    covered += interval->low <= true_median && true_median <= interval->high;
  }
  EXPECT_GE(covered, trials * 0.945);
}

TEST(Statistics, SignTest) {
  EXPECT_NEAR(sign_test_above({1, 1, 1, 1, 1}, 0), 1.0 / 32, 1e-15);
  EXPECT_NEAR(sign_test_above({1, 1, 1, 1, -1}, 0), 6.0 / 32, 1e-15);
  EXPECT_DOUBLE_EQ(sign_test_above({0, 0, 0}, 0), 1);
  EXPECT_DOUBLE_EQ(sign_test_above({}, 0), 1);
}

TEST(Statistics, MedianShiftHoldsItsErrorAndFindsAShift) {
  std::mt19937_64 random(7);
  constexpr int trials = 2000;
  int false_alarms = 0, found = 0;
  for (int trial = 0; trial < trials; ++trial) {
    false_alarms += median_shift_above(draw(random, 12, 1), draw(random, 14, 1), 0) <= 0.05;
    found += median_shift_above(draw(random, 12, 1), draw(random, 14, 1.05), 0.02) <= 0.05;
  }
  EXPECT_LE(false_alarms, trials * 0.05);
  EXPECT_GE(found, trials * 0.95);
  EXPECT_DOUBLE_EQ(median_shift_above({1}, {9}, 0), 1) << "one sample each proves nothing";
  EXPECT_DOUBLE_EQ(median_shift_above({}, {9}, 0), 1);
}

TEST(Statistics, BenjaminiHochberg) {
  const std::vector<double> rates = false_discovery_rates({0.01, 0.5, 0.03, 0.02});
  EXPECT_DOUBLE_EQ(rates[0], 0.04);
  EXPECT_DOUBLE_EQ(rates[3], 0.04);
  EXPECT_DOUBLE_EQ(rates[2], 0.04);
  EXPECT_DOUBLE_EQ(rates[1], 0.5);
  EXPECT_TRUE(false_discovery_rates({}).empty());
}

}  // namespace
}  // namespace lockstep::reports
