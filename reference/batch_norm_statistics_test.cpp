// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm_statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/data/error.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"
#include "reference/value_count.hpp"

namespace lockstep {
namespace {

std::unique_ptr<Evaluator<double>> evaluate(const char* label, const std::vector<Values>& inputs) {
  return batch_norm_statistics_operator().in_double(parse_problem("batch_norm_statistics.forward", label),
                                                    operands_of<double>(inputs));
}

TEST(BatchNormStatistics, HandComputed) {
  // Channel 0 holds 1 2 3 6 (mean 3, squared deviations 4 1 0 9), channel 1 is 5 everywhere.
  const std::vector<Values> inputs{tensor({2, 2, 2}, {1, 2, 5, 5, 3, 6, 5, 5})};
  const auto out = evaluate("x=2x2x2,dtype=f64", inputs);
  EXPECT_EQ(out->element(0, 0), 3);
  EXPECT_EQ(out->element(1, 0), 14);
  EXPECT_EQ(out->element(0, 1), 5);
  EXPECT_EQ(out->element(1, 1), 0);
  EXPECT_EQ(out->element(2, 0), 0);
  EXPECT_EQ(out->element(2, 1), 4);
}

TEST(BatchNormStatistics, AnEmptyBatchGivesZeros) {
  const std::vector<Values> inputs{tensor({0, 2, 2}, {})};
  const auto out = evaluate("x=0x2x2,dtype=f64", inputs);
  for (std::size_t output = 0; output < 3; ++output)
    for (std::int64_t i = 0; i < 2; ++i) EXPECT_EQ(out->element(output, i), 0);
}

TEST(BatchNormStatistics, OneValueHasNoSpread) {
  const std::vector<Values> inputs{tensor({1, 2}, {7, -2})};
  const auto out = evaluate("x=1x2,dtype=f64", inputs);
  EXPECT_EQ(out->element(0, 1), -2);
  EXPECT_EQ(out->element(1, 1), 0);
  EXPECT_EQ(out->element(2, 1), 1);
}

// Around 1000 with deviations of 1/128, sums of squares in float have no correct digit; the mean's own rounding remains.
TEST(BatchNormStatistics, FloatKeepsASmallSpreadFarFromZero) {
  Values x(DType::f32, {256, 1});
  for (std::int64_t i = 0; i < 256; ++i) x.set(i, 1000 + 0x1p-6 * static_cast<double>(i % 2));
  const std::vector<Values> inputs{x};
  const auto out = batch_norm_statistics_operator().in_float(parse_problem("batch_norm_statistics.forward", "x=256x1"),
                                                             operands_of<float>(inputs));
  EXPECT_NEAR(out->element(1, 0) / (256 * 0x1p-14), 1, 1e-2);
}

TEST(BatchNormStatistics, CountsAboveTwentyFourBitsAreExactInFloat) {
  for (const std::int64_t count : {std::int64_t{0}, std::int64_t{16777217}, std::int64_t{20000003},
                                   std::int64_t{1} << 40, ValueCount::kLimit - 1}) {
    const auto high = static_cast<float>(ValueCount{count}.digit(0)),
               low = static_cast<float>(ValueCount{count}.digit(1));
    EXPECT_EQ(ValueCount::of(static_cast<double>(high), static_cast<double>(low)).count, count);
  }
}

TEST(BatchNormStatistics, RefusesWhatNoBatchNormTakes) {
  const auto refusal = [](const char* label) {
    return refusal_of<BatchNormStatistics>(parse_problem("batch_norm_statistics.forward", label));
  };
  EXPECT_EQ(refusal("x=3"), "expected at least 2D input (got 1D input)");
  EXPECT_EQ(refusal("x=1x2x1x1x1x1"), "expected at most 5D input (got 6D input)");
  EXPECT_THAT(refusal("x=2x0x4"), testing::HasSubstr("index 0 out of range"));
  EXPECT_THAT(refusal("x=16777216x1x16777216"), testing::HasSubstr("accepted: less than 2^48"));
  EXPECT_EQ(refusal("x=1x3x1x1"), "accepted");
}

}  // namespace
}  // namespace lockstep
