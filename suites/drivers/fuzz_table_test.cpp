// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/fuzz_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::HasSubstr;

TEST(FuzzTable, LeavesNumbersOut) {
  EXPECT_EQ(without_numbers("expected 4 channels, but got -3 channels"), "expected # channels, but got # channels");
  EXPECT_EQ(without_numbers("x of shape [2, 3, 4] and []"), "x of shape [#] and [#]");
  EXPECT_EQ(without_numbers("mat1 (3x5 and 7x2)"), "mat# (# and #)");
  EXPECT_EQ(without_numbers("eps 0.25."), "eps #.");
  EXPECT_EQ(without_numbers("no number"), "no number");
  EXPECT_EQ(without_numbers("[open 5"), "[open #");
}

TEST(FuzzTable, CountsByOperationVerdictAndReason) {
  FuzzTable table;
  table.add("conv2d.forward", "refused", "expected 4 channels", 17);
  table.add("conv2d.forward", "refused", "expected 9 channels", 21);
  table.add("conv2d.forward", "accepted", "", 3);
  table.add("conv2d.backward", "accepted", "", 4);
  EXPECT_EQ(table.count("refused"), 2);
  EXPECT_EQ(table.count("accepted"), 2);
  EXPECT_EQ(table.count("failed"), 0);
  EXPECT_THAT(table.text(), HasSubstr("expected # channels"));
  table.add("conv2d.forward", "cuda.tiled", "unsupported", "groups of 3", 5);
  const std::vector<reports::DrawnRow> rows = table.rows();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[2].operation, "conv2d.forward");
  EXPECT_EQ(rows[2].implementation, "");
  EXPECT_EQ(rows[2].verdict, "refused");
  EXPECT_EQ(rows[2].reason, "expected # channels");
  EXPECT_EQ(rows[2].count, 2);
  EXPECT_EQ(rows[2].first, 17u);
  EXPECT_EQ(rows[3].implementation, "cuda.tiled");
  EXPECT_THAT(table.text(), HasSubstr("conv2d.forward/cuda.tiled"));
}

}  // namespace
}  // namespace lockstep
