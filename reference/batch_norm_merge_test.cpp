// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm_merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/data/error.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

std::unique_ptr<Evaluator<double>> evaluate(const char* label, const std::vector<Values>& inputs) {
  return batch_norm_merge_operator().in_double(parse_problem("batch_norm_merge.forward", label),
                                               operands_of<double>(inputs));
}

/// 1 2 3 on one rank, 6 on another: mean 3, squared deviations 14. Between them a rank that has nothing to say.
std::vector<Values> three_ranks() {
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  return {tensor({3, 1}, {2, nothing, 6}), tensor({3, 1}, {2, nothing, 0}), tensor({3, 2}, {0, 3, 0, 0, 0, 1}),
          tensor({1}, {1}), tensor({1}, {1})};
}

TEST(BatchNormMerge, HandComputed) {
  const auto inputs = three_ranks();
  const auto out = evaluate("means=3x1,eps=0.5,momentum=0.25,dtype=f64", inputs);
  EXPECT_DOUBLE_EQ(out->element(0, 0), 3);
  EXPECT_DOUBLE_EQ(out->element(1, 0), 1 / std::sqrt(14.0 / 4 + 0.5));
  EXPECT_EQ(out->element(2, 0), 0);
  EXPECT_EQ(out->element(2, 1), 4);
  EXPECT_DOUBLE_EQ(out->element(3, 0), 0.75 + 0.25 * 3);
  EXPECT_DOUBLE_EQ(out->element(4, 0), 0.75 + 0.25 * 14.0 / 3);
}

TEST(BatchNormMerge, WithoutMomentumAveragesOverBatches) {
  const auto inputs = three_ranks();
  const auto out = evaluate("means=3x1,momentum=none,num_batches_tracked=4,dtype=f64", inputs);
  EXPECT_DOUBLE_EQ(out->element(3, 0), 0.8 + 0.2 * 3);
  EXPECT_DOUBLE_EQ(out->element(4, 0), 0.8 + 0.2 * 14.0 / 3);
}

TEST(BatchNormMerge, WithoutValuesTheRunningStatisticsStay) {
  std::vector<Values> inputs = three_ranks();
  inputs[2] = tensor({3, 2}, {0, 0, 0, 0, 0, 0});
  const auto out = evaluate("means=3x1,eps=0.25,momentum=0.25,dtype=f64", inputs);
  EXPECT_EQ(out->element(0, 0), 0);
  EXPECT_EQ(out->element(1, 0), 2);
  EXPECT_EQ(out->element(3, 0), 1);
  EXPECT_EQ(out->element(4, 0), 1);
}

TEST(BatchNormMerge, OneValueHasNoUnbiasedVariance) {
  const std::vector<Values> inputs{tensor({1, 1}, {2}), tensor({1, 1}, {0}), tensor({1, 2}, {0, 1}), tensor({1}, {1}),
                                   tensor({1}, {1})};
  const auto out = evaluate("means=1x1,dtype=f64", inputs);
  EXPECT_EQ(out->element(0, 0), 2);
  EXPECT_TRUE(std::isnan(out->element(4, 0)));
}

TEST(BatchNormMerge, TotalOfCountsCarriesBetweenItsDigits) {
  const std::vector<Values> inputs{tensor({2, 1}, {1, 1}), tensor({2, 1}, {1, 1}), tensor({2, 2}, {0, 16777215, 1, 2})};
  const auto out = evaluate("means=2x1,track_running_stats=false,dtype=f64", inputs);
  EXPECT_EQ(out->element(2, 0), 2);
  EXPECT_EQ(out->element(2, 1), 1);
}

TEST(BatchNormMerge, OneRankIsTakenAsItIs) {
  const std::vector<Values> inputs{tensor({2, 1}, {0.1, 4}), tensor({2, 1}, {0.7, 5}), tensor({2, 2}, {0, 10, 0, 0})};
  const Problem problem = parse_problem("batch_norm_merge.forward", "means=2x1,track_running_stats=false");
  const auto out = batch_norm_merge_operator().tracked(problem, operands_of<Tracked>(inputs));
  EXPECT_EQ(out->element(0, 0).value, 0.1);
  EXPECT_EQ(out->element(0, 0).bound, 0);
}

TEST(BatchNormMerge, Refuses) {
  const auto refusal = [](const char* label) {
    return refusal_of<BatchNormMerge>(parse_problem("batch_norm_merge.forward", label));
  };
  EXPECT_EQ(refusal("means=3"), "expected means of shape [ranks, channels], got [3]");
  EXPECT_EQ(refusal("means=0x3"), "expected statistics of at least one rank, got means of shape [0, 3]");
  EXPECT_THAT(refusal("means=3x0"), testing::HasSubstr("index 0 out of range"));
  EXPECT_EQ(refusal("means=3x1,counts=1x2"), "expected a count for each of 3 ranks, got 2");
  EXPECT_THAT(refusal("means=2x1,counts=1x0"), testing::HasSubstr("Expected more than 1 value per channel"));
  EXPECT_EQ(refusal("means=2x1,counts=_3x5"), "expected counts of 0 or more, got [-3, 5]");
  EXPECT_EQ(refusal("means=2x1,counts=1x1"), "accepted");
  EXPECT_THROW(refusal("means=2x1,num_batches_tracked=_1"), Error);
}

}  // namespace
}  // namespace lockstep
