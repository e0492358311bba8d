// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/stopping_rule.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace lockstep {
namespace {

constexpr double kForever = 1e9;

/// n samples around 1: half of them `spread` lower, half `spread` higher.
std::vector<double> around_one(std::size_t n, double spread) {
  std::vector<double> samples;
  for (std::size_t i = 0; i < n; ++i) samples.push_back(i % 2 ? 1 + spread : 1 - spread);
  return samples;
}

TEST(StoppingRule, StopsOnceThePrecisionIsReached) {
  const StoppingRule rule({.budget_seconds = kForever, .least_samples = 10, .relative_precision = 0.01});
  EXPECT_FALSE(rule.wants_more(around_one(16, 0.009)));
  EXPECT_TRUE(rule.wants_more(around_one(16, 0.011)));
  EXPECT_FALSE(rule.wants_more(std::vector<double>(16, 3.0)));
}

TEST(StoppingRule, AsksForTheLeastSamplesEvenIfTheyAreAllEqual) {
  const StoppingRule rule({.budget_seconds = kForever, .least_samples = 24, .relative_precision = 0.01});
  for (std::size_t n = 0; n < 24; ++n) EXPECT_TRUE(rule.wants_more(std::vector<double>(n, 1.0))) << n;
  EXPECT_FALSE(rule.wants_more(std::vector<double>(24, 1.0)));
}

TEST(StoppingRule, WithoutAnIntervalGoesOn) {
  // Below six samples the interval is NaN, which must not look precise.
  const StoppingRule rule({.budget_seconds = kForever, .least_samples = 0, .relative_precision = 0.01});
  for (std::size_t n = 0; n < 8; ++n) EXPECT_TRUE(rule.wants_more(std::vector<double>(n, 1.0))) << n;
  EXPECT_FALSE(rule.wants_more(std::vector<double>(8, 1.0)));
}

TEST(StoppingRule, StopsWhenTheBudgetIsSpentButNotBeforeThreeSamples) {
  const StoppingRule rule({.budget_seconds = 0.2, .least_samples = 1000, .relative_precision = 1e-9});
  EXPECT_TRUE(rule.wants_more(around_one(3, 0.5)));
  std::this_thread::sleep_for(std::chrono::milliseconds(210));
  EXPECT_TRUE(rule.wants_more(around_one(2, 0.5)));
  EXPECT_FALSE(rule.wants_more(around_one(3, 0.5)));
  EXPECT_FALSE(rule.wants_more(around_one(17, 0.5)));
}

TEST(StoppingRule, OneSampleIsEnoughOfACallThatOutlastsThreeBudgets) {
  const StoppingRule rule({.budget_seconds = 0.1, .least_samples = 1000, .relative_precision = 1e-9});
  EXPECT_TRUE(rule.wants_more({1.0}));
  std::this_thread::sleep_for(std::chrono::milliseconds(310));
  EXPECT_TRUE(rule.wants_more({}));
  EXPECT_FALSE(rule.wants_more({1.0}));
}

}  // namespace
}  // namespace lockstep
