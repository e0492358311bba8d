// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/gates.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lockstep {
namespace {

const PrecisionContract kFloat{};
constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

Gate gate_of(double got, const Tracked& expected, DType output = DType::f32, Demand demand = Demand::within_gates) {
  return judge_element(got, expected, output, kFloat, demand).rejected_by;
}

TEST(Gates, CopiesMustBeEqual) {
  EXPECT_EQ(gate_of(1.5, Tracked(1.5)), Gate::none);
  EXPECT_EQ(gate_of(std::nextafter(1.5f, 2.0f), Tracked(1.5)), Gate::bound);
  EXPECT_EQ(gate_of(1.5, Tracked(1.5), DType::bf16), Gate::none);
  EXPECT_EQ(gate_of(1.5 + 0x1p-7, Tracked(1.5), DType::bf16), Gate::bound);
}

TEST(Gates, IntegersMustBeEqual) {
  EXPECT_EQ(gate_of(3.0, Tracked(3.0), DType::i64), Gate::none);
  EXPECT_EQ(gate_of(4.0, Tracked(3.0), DType::i64), Gate::bound);
  EXPECT_EQ(gate_of(3.0, Tracked(3.0), DType::i64, Demand::rounded_truth), Gate::none);
  EXPECT_EQ(gate_of(4.0, Tracked(3.0), DType::i64, Demand::rounded_truth), Gate::exact);
}

TEST(Gates, BoundRejectsJustBeyondIt) {
  const Tracked expected(1.0, 1e-5, 1e-9, 0);  // rms large enough to stay out of the way
  EXPECT_EQ(gate_of(1.0 + 0.99e-5, expected), Gate::none);
  EXPECT_EQ(gate_of(1.0 + 1.01e-5, expected), Gate::bound);
  EXPECT_EQ(gate_of(1.0 - 1.01e-5, expected), Gate::bound);
}

TEST(Gates, StatisticalGateActsInsideTheBound) {
  const Tracked expected(1.0, 1e-2, 1e-12, 0);  // rms 1e-6
  EXPECT_EQ(gate_of(1.0 + 7.9e-6, expected), Gate::none);
  EXPECT_EQ(gate_of(1.0 + 8.1e-6, expected), Gate::statistical);
  PrecisionContract biased;
  biased.unbiased = false;
  EXPECT_EQ(judge_element(1.0 + 8.1e-6, expected, DType::f32, biased, Demand::within_gates).rejected_by, Gate::none);
}

TEST(Gates, ExactGateDemandsCorrectRounding) {
  const Tracked expected(4097.0, 1.0, 1.0, 0);
  const Demand exact = Demand::rounded_truth;
  EXPECT_EQ(gate_of(4097.0, expected, DType::f32, exact), Gate::none);
  EXPECT_EQ(gate_of(4097.5, expected, DType::f32, exact), Gate::exact);
  EXPECT_EQ(gate_of(4096.0, expected, DType::f16, exact), Gate::none);  // 4097 is no f16; ties to even
  EXPECT_EQ(gate_of(4100.0, expected, DType::f16, exact), Gate::exact);
}

TEST(Gates, CopiesKeepTheSignOfZero) {
  const Demand copy = Demand::copied_bits;
  EXPECT_EQ(gate_of(-0.0, Tracked(-0.0), DType::f32, copy), Gate::none);
  EXPECT_EQ(gate_of(0.0, Tracked(-0.0), DType::f32, copy), Gate::exact);
  EXPECT_EQ(gate_of(-0.0, Tracked(0.0), DType::bf16, copy), Gate::exact);
  EXPECT_EQ(gate_of(1.5, Tracked(1.5), DType::f16, copy), Gate::none);
  EXPECT_EQ(gate_of(-1.5, Tracked(1.5), DType::f16, copy), Gate::exact);
  EXPECT_EQ(gate_of(-kNan, Tracked(kNan), DType::f32, copy), Gate::none);
  // A sum of integers may cancel to either zero.
  EXPECT_EQ(gate_of(0.0, Tracked(-0.0), DType::f32, Demand::rounded_truth), Gate::none);
  EXPECT_EQ(gate_of(0.0, Tracked(-0.0), DType::f32), Gate::none);
}

TEST(Gates, NanNeverPasses) {
  EXPECT_EQ(gate_of(kNan, Tracked(1.0)), Gate::non_finite);
  EXPECT_EQ(gate_of(kNan, Tracked(kInfinity)), Gate::non_finite);
  EXPECT_EQ(gate_of(1.0, Tracked(kNan)), Gate::non_finite);
  EXPECT_EQ(gate_of(kNan, Tracked(kNan)), Gate::none);
  EXPECT_NE(gate_of(1.5, Tracked(1.0, kNan, kNan, 0)), Gate::none);  // a bound that is NaN passes nothing but equality
}

TEST(Gates, InfinityMustBeTheRightOne) {
  EXPECT_EQ(gate_of(kInfinity, Tracked(kInfinity)), Gate::none);
  EXPECT_EQ(gate_of(-kInfinity, Tracked(kInfinity)), Gate::non_finite);
  EXPECT_EQ(gate_of(kInfinity, Tracked(1.0, 0.5, 1.0, 0)), Gate::non_finite);
  // 65519.9 is the last number below the middle between f16's largest finite number and the next: either is right.
  EXPECT_EQ(gate_of(kInfinity, Tracked(65519.9, 1.0, 1.0, 0), DType::f16), Gate::none);
  EXPECT_EQ(gate_of(65504.0, Tracked(65520.1, 1.0, 1.0, 0), DType::f16), Gate::none);
  EXPECT_EQ(gate_of(1.0, Tracked(65536.0, 1.0, 1.0, 0), DType::f16), Gate::non_finite);
}

TEST(Gates, NarrowOutputsGetTheirOwnRounding) {
  const Tracked expected(1.0, 0x1p-24, 0x1p-52, 0);
  const Allowance allowed = allowance(expected, DType::bf16, kFloat);
  EXPECT_NEAR(allowed.bound, 0x1p-8 + 0x1p-24, 0x1p-30);
  EXPECT_NEAR(allowed.rms, 0x1p-8 / std::sqrt(3.0), 1e-6);
}

}  // namespace
}  // namespace lockstep
