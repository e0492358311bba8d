// SPDX-License-Identifier: Apache-2.0
#include "reports/release_speed.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace lockstep::reports {
namespace {

// Ten pairs whose ratio is `ratio` but for a little; the machine's own wandering is common to both.
SpeedRow row_of(double ratio, int pairs = 10) {
  SpeedRow row;
  for (int i = 0; i < pairs; ++i) {
    const double common = 1e-3 * (1 + 0.3 * (i % 4)), own = 1 + 0.002 * ((i * 7) % 5 - 2);
    row.baseline_seconds.push_back(common);
    row.candidate_seconds.push_back(common * ratio * own);
  }
  return row;
}

TEST(ReleaseSpeed, ToldApartThoughTheMachineWandersMore) {
  std::vector<SpeedRow> rows{row_of(1.2), row_of(0.8), row_of(1.0), row_of(1.03)};
  judge_speed(rows, 0.05);
  EXPECT_EQ(rows[0].verdict, SpeedVerdict::regressed);
  EXPECT_EQ(rows[1].verdict, SpeedVerdict::improved);
  EXPECT_EQ(rows[2].verdict, SpeedVerdict::unchanged);
  EXPECT_EQ(rows[3].verdict, SpeedVerdict::unchanged) << "slower, but within what is allowed";
  EXPECT_NEAR(rows[0].ratio, 1.2, 0.01);
  EXPECT_LT(rows[0].ratio_low, rows[0].ratio);
  EXPECT_GT(rows[0].ratio_high, rows[0].ratio);
  EXPECT_LT(rows[0].p_value, 0.01);
  EXPECT_GT(rows[2].p_value, 0.1);
}

TEST(ReleaseSpeed, WhatIsAllowedDecides) {
  std::vector<SpeedRow> rows{row_of(1.2)};
  judge_speed(rows, 0.3);
  EXPECT_EQ(rows[0].verdict, SpeedVerdict::unchanged);
}

TEST(ReleaseSpeed, FewPairsProveNothing) {
  std::vector<SpeedRow> rows{row_of(2.0, 3), row_of(1.0, 1), SpeedRow{}};
  judge_speed(rows, 0.05);
  for (const SpeedRow& row : rows) {
    EXPECT_EQ(row.verdict, SpeedVerdict::inconclusive);
    EXPECT_TRUE(std::isnan(row.ratio_low));
  }
}

}  // namespace
}  // namespace lockstep::reports
