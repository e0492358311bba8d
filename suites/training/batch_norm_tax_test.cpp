// SPDX-License-Identifier: Apache-2.0
#include "suites/training/batch_norm_tax.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suites/operators/problems.hpp"

namespace lockstep {
namespace {

TEST(BatchNormTax, CountsTheCollectivesOfTheNorms) {
  const BatchNormTaxPlan plan{.ranks = 2, .images_per_rank = {1, 2}, .rounds = 1, .steps = 3};
  const std::vector<BatchNormTax> taxes = measure_batch_norm_tax(plan, catalogue(), [] { return false; });
  ASSERT_EQ(taxes.size(), 2u);
  for (const BatchNormTax& tax : taxes) {
    // Two norms of 8 and 16 channels: forward all_gather of mean, M2 and a count in two parts, from two ranks; backward
    // all_reduce of two sums.
    EXPECT_EQ(tax.row.collectives, 4);
    EXPECT_EQ(tax.row.bytes, 2 * (2 * 8 + 2 + 2 * 16 + 2) * 4 + (2 * 8 + 2 * 16) * 4);
    EXPECT_GT(tax.row.predicted_seconds, 0.0);
    EXPECT_GT(tax.communication_seconds, 0.0);
  }
  EXPECT_EQ(taxes[1].row.images_per_rank, 2);
}

TEST(BatchNormTax, StopsWhenAsked) {
  EXPECT_TRUE(measure_batch_norm_tax({.rounds = 1, .steps = 2}, catalogue(), [] { return true; }).empty());
}

}  // namespace
}  // namespace lockstep
