// SPDX-License-Identifier: Apache-2.0
#include "reports/counted_rate.hpp"

#include <gtest/gtest.h>

namespace lockstep::reports {
namespace {

TEST(CountedRate, IsThatOfEveryElementWhereItReachesTheTarget) {
  const CountedRate rate =
      counted_rate({.cases_per_second_full = 512, .cases_per_second_sampled = 3400, .target = 500});
  EXPECT_EQ(rate.cases_per_second, 512);
  EXPECT_FALSE(rate.is_sampled);
  EXPECT_TRUE(rate.reaches_target);
}

TEST(CountedRate, IsTheSamplesElsewhere) {
  for (const std::optional<double> full : {std::optional<double>(499), std::optional<double>()}) {
    const CountedRate rate =
        counted_rate({.cases_per_second_full = full, .cases_per_second_sampled = 3400, .target = 500});
    EXPECT_EQ(rate.cases_per_second, 3400);
    EXPECT_TRUE(rate.is_sampled);
    EXPECT_TRUE(rate.reaches_target);
  }
  const CountedRate slow = counted_rate({.cases_per_second_full = 90, .cases_per_second_sampled = 120, .target = 500});
  EXPECT_EQ(slow.cases_per_second, 120);
  EXPECT_FALSE(slow.reaches_target);
}

}  // namespace
}  // namespace lockstep::reports
