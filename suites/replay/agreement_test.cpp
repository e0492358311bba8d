// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/agreement.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using lockstep::testing::doubles;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

ComputedArray in_double(const Values& got) { return {.name = "y", .got = got, .truth = got, .bound = {}}; }

/// One float32 element, with what its contract allows.
ComputedArray in_float(double got, double truth, double bound) {
  return {.name = "y", .got = doubles({1}, {got}, DType::f32), .truth = doubles({1}, {truth}), .bound = {bound}};
}

ArrayAgreement compare(const ComputedArray& array, const Values& expected, double float32_error = 0,
                       bool equal_nan = false, bool is_drifted = false) {
  return compare_array(
      array, {.expected = &expected, .float32_error = float32_error, .equal_nan = equal_nan, .is_drifted = is_drifted});
}

TEST(Agreement, InDoubleAllowsOneBillionthOfTheLargest) {
  const Values expected = doubles({3}, {100.0, 0.0, 1.0});
  EXPECT_TRUE(compare(in_double(doubles({3}, {100.0, 0.99e-7, 1.0})), expected).agrees);
  EXPECT_FALSE(compare(in_double(doubles({3}, {100.0, 1.01e-7, 1.0})), expected).agrees);
  // Below 1 the limit is absolute.
  EXPECT_TRUE(compare(in_double(doubles({1}, {0.99e-9})), doubles({1}, {0.0})).agrees);
  EXPECT_FALSE(compare(in_double(doubles({1}, {1.01e-9})), doubles({1}, {0.0})).agrees);
}

TEST(Agreement, NamesTheWorstElement) {
  const ArrayAgreement agreement =
      compare(in_double(doubles({2, 2}, {1.0, 2.0, 3.5, 4.25})), doubles({2, 2}, {1.0, 2.0, 3.0, 4.0}));
  EXPECT_FALSE(agreement.agrees);
  EXPECT_THAT(agreement.difference, HasSubstr("y[1, 0] is 3.5, expected 3: off by 0.5"));
  EXPECT_THAT(agreement.difference, HasSubstr("2 of 4 elements differ"));
}

TEST(Agreement, InFloatTakesTheLargerOfBoundAndYardstick) {
  const Values expected = doubles({1}, {1.0});
  EXPECT_TRUE(compare(in_float(1.5, 1.0, 0.5), expected).agrees);
  EXPECT_FALSE(compare(in_float(1.5, 1.0, 0.49), expected).agrees);
  EXPECT_TRUE(compare(in_float(1.5, 1.0, 0.1), expected, 0.125).agrees);
  EXPECT_FALSE(compare(in_float(1.5, 1.0, 0.1), expected, 0.124).agrees);
  // A bound that is no number bounds nothing: the yardstick alone decides.
  EXPECT_FALSE(compare(in_float(1.5, 1.0, kNan), expected).agrees);
  EXPECT_TRUE(compare(in_float(1.5, 1.0, kNan), expected, 0.125).agrees);
}

TEST(Agreement, ACopyHasNoTolerance) {
  EXPECT_TRUE(compare(in_float(1.0, 1.0, 0.0), doubles({1}, {1.0})).agrees);
  EXPECT_FALSE(compare(in_float(std::nextafter(1.0f, 2.0f), 1.0, 0.0), doubles({1}, {1.0})).agrees);
}

TEST(Agreement, TheYardstickIsForFloat32Alone) {
  ComputedArray half = in_float(1.5, 1.0, 0.1);
  half.got = doubles({1}, {1.5}, DType::f16);
  EXPECT_FALSE(compare(half, doubles({1}, {1.0}), 1.0).agrees);
}

TEST(Agreement, AfterRoundedInputsTheBoundLiesAroundTheTruth) {
  const Values expected = doubles({1}, {2.0});
  EXPECT_TRUE(compare(in_float(1.5, 1.25, 0.25), expected, 0, false, true).agrees);
  EXPECT_FALSE(compare(in_float(1.5, 1.25, 0.25), expected, 0, false, false).agrees);
  EXPECT_FALSE(compare(in_float(2.0, 1.25, 0.25), expected, 0, false, true).agrees);
}

TEST(Agreement, NanAgreesOnlyWhereTheCaseSaysSo) {
  const Values expected = doubles({2}, {kNan, 1.0});
  EXPECT_FALSE(compare(in_double(expected), expected).agrees);
  EXPECT_TRUE(compare(in_double(expected), expected, 0, true).agrees);
  EXPECT_FALSE(compare(in_double(doubles({2}, {0.0, 1.0})), expected, 0, true).agrees);
  EXPECT_FALSE(compare(in_double(doubles({2}, {kNan, kNan})), expected, 0, true).agrees);
  EXPECT_FALSE(compare(in_float(kNan, 1.0, kInfinity), doubles({1}, {1.0}), 1.0, true).agrees);
}

TEST(Agreement, InfinityAgreesWithItsLikeAndWithOverflow) {
  EXPECT_TRUE(compare(in_double(doubles({1}, {kInfinity})), doubles({1}, {kInfinity})).agrees);
  EXPECT_FALSE(compare(in_double(doubles({1}, {-kInfinity})), doubles({1}, {kInfinity})).agrees);
  EXPECT_FALSE(compare(in_double(doubles({1}, {kInfinity})), doubles({1}, {1e300})).agrees);
  EXPECT_FALSE(compare(in_double(doubles({1}, {1.0})), doubles({1}, {kInfinity})).agrees);
  EXPECT_TRUE(compare(in_float(kInfinity, 1e300, 1.0), doubles({1}, {1e300})).agrees);
  EXPECT_FALSE(compare(in_float(kInfinity, 1e30, 1.0), doubles({1}, {1e30})).agrees);
}

TEST(Agreement, IntegersMustBeEqual) {
  const Values got = doubles({}, {1000000001.0}, DType::i64);
  const ComputedArray counter{.name = "count", .got = got, .truth = got, .bound = {1e9}};
  EXPECT_TRUE(compare(counter, doubles({}, {1000000001.0}, DType::i64)).agrees);
  EXPECT_FALSE(compare(counter, doubles({}, {1000000000.0}, DType::i64), 1e9).agrees);
}

TEST(Agreement, AnotherShapeDiffers) {
  const ArrayAgreement agreement = compare(in_double(doubles({2, 1}, {1, 2})), doubles({2}, {1, 2}));
  EXPECT_FALSE(agreement.agrees);
  EXPECT_EQ(agreement.difference, "y has the shape [2, 1], expected [2]");
}

TEST(Agreement, TheFormulaItselfMustAgree) {
  EXPECT_TRUE(compare_exact("y", doubles({1}, {1.0}), doubles({1}, {1.0 + 0.9e-9}), false).agrees);
  EXPECT_FALSE(compare_exact("y", doubles({1}, {1.0}), doubles({1}, {1.0 + 1.1e-9}), false).agrees);
}

}  // namespace
}  // namespace lockstep
