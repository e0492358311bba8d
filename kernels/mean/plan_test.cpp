// SPDX-License-Identifier: Apache-2.0
#include "kernels/mean/plan.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

MeanPlan plan(const char* label) { return plan_mean(parse_problem("mean.forward", label)); }

TEST(MeanPlan, InnerAxesAreRows) {
  const auto rows = as_rows(plan("x=2x3x4x5,dim=2x3"));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->rows, 6);
  EXPECT_EQ(rows->terms, 20);
  EXPECT_EQ(rows->x_pitch, 20);
  EXPECT_EQ(rows->y_pitch, 1);
  EXPECT_FALSE(as_stripes(plan("x=2x3x4x5,dim=2x3")));
}

TEST(MeanPlan, AWholeTensorIsOneRow) {
  const auto rows = as_rows(plan("x=2x3x4,dim=none"));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->rows, 1);
  EXPECT_EQ(rows->terms, 24);
  EXPECT_EQ(as_rows(plan("x=scalar"))->terms, 1);
}

TEST(MeanPlan, RowsWithGapsKeepTheirPitch) {
  const auto rows = as_rows(plan("x=4x5,dim=1,layout=strided"));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->terms, 5);
  EXPECT_EQ(rows->x_pitch, 8);
}

TEST(MeanPlan, AMeanOverRowsWithGapsHasNoRows) {
  EXPECT_FALSE(as_rows(plan("x=4x5,layout=strided")));
  EXPECT_FALSE(as_rows(plan("x=4x5,dim=empty,keepdim=true,layout=strided")));
  EXPECT_FALSE(as_stripes(plan("x=4x5,layout=strided")));
}

TEST(MeanPlan, OuterAxesAreStripes) {
  const auto stripes = as_stripes(plan("x=2x3x4x5,dim=1"));
  ASSERT_TRUE(stripes);
  EXPECT_EQ(stripes->outer, 2);
  EXPECT_EQ(stripes->terms, 3);
  EXPECT_EQ(stripes->inner, 20);
  EXPECT_EQ(stripes->x_outer, 60);
  EXPECT_EQ(stripes->x_term, 20);
  EXPECT_EQ(stripes->y_outer, 20);
  EXPECT_EQ(as_stripes(plan("x=3x4,dim=0"))->outer, 1);
}

// What counts is the order in memory: with channels innermost the mean over space runs down stripes, and the mean over
// channels along rows.
TEST(MeanPlan, FollowsMemoryInChannelsLast) {
  const auto stripes = as_stripes(plan("x=2x3x4x5,dim=2x3,layout=channels_last"));
  ASSERT_TRUE(stripes);
  EXPECT_EQ(stripes->terms, 20);
  EXPECT_EQ(stripes->inner, 3);
  const auto rows = as_rows(plan("x=1x3x4x5,dim=1,layout=channels_last"));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->terms, 3);
  EXPECT_EQ(rows->rows, 20);
}

TEST(MeanPlan, AlternatingAxesAreNeither) {
  for (const char* label :
       {"x=2x3x4x5,dim=0x2", "x=2x3x4,dim=0x2", "x=2x3x4x5,dim=2x3,layout=strided", "x=2x0,dim=1"}) {
    EXPECT_FALSE(as_rows(plan(label))) << label;
    EXPECT_FALSE(as_stripes(plan(label))) << label;
  }
}

TEST(MeanPlan, PartsDependOnTheShapeAlone) {
  EXPECT_EQ(parts_of_sum(1, 1 << 20, 1 << 13), 128);
  EXPECT_EQ(parts_of_sum(1, 1 << 30, 1 << 13), 256) << "as many as the second launch adds";
  EXPECT_EQ(parts_of_sum(1000, 1 << 20, 1 << 13), 1) << "blocks enough without splitting";
  EXPECT_EQ(parts_of_sum(1, 100, 1 << 13), 1) << "too short to split";
}

}  // namespace
}  // namespace lockstep
