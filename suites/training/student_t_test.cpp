// SPDX-License-Identifier: Apache-2.0
#include "suites/training/student_t.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace lockstep {
namespace {

TEST(StudentT, BoundsAreThoseOfTheTables) {
  EXPECT_NEAR(student_t_bound(0.05, 1), 12.7062, 1e-4);
  EXPECT_NEAR(student_t_bound(0.05, 2), 4.30265, 1e-5);
  EXPECT_NEAR(student_t_bound(0.05, 3), 3.18245, 1e-5);
  EXPECT_NEAR(student_t_bound(0.05, 4), 2.77645, 1e-5);
  EXPECT_NEAR(student_t_bound(0.01, 9), 3.24984, 1e-5);
  EXPECT_NEAR(student_t_bound(0.05, 29), 2.04523, 1e-5);
  EXPECT_NEAR(student_t_bound(0.05, 1000), 1.96234, 1e-5);
}

TEST(StudentT, TheIntervalOfAMean) {
  // Mean 3, deviation sqrt(2.5): 3 +- 2.77645 sqrt(2.5 / 5).
  const MeanInterval interval = mean_interval({1, 2, 3, 4, 5}, 0.05);
  EXPECT_DOUBLE_EQ(interval.mean, 3.0);
  EXPECT_NEAR(interval.low, 3.0 - 2.77645 * std::sqrt(0.5), 1e-5);
  EXPECT_NEAR(interval.high, 3.0 + 2.77645 * std::sqrt(0.5), 1e-5);
  EXPECT_TRUE(std::isnan(mean_interval({1}, 0.05).low));
  EXPECT_TRUE(std::isnan(mean_interval({}, 0.05).mean));
}

}  // namespace
}  // namespace lockstep
