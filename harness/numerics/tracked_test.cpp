// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/tracked.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/data/random.hpp"
#include "harness/numerics/sum.hpp"

namespace lockstep {
namespace {

constexpr double kU = 0x1p-24;

TEST(Tracked, ExactInputsHaveNoError) {
  const Tracked x(1.5);
  EXPECT_EQ(x.bound, 0);
  EXPECT_EQ(x.rms(), 0);
  EXPECT_EQ((-x).bound, 0);
  EXPECT_EQ(abs(Tracked(-2.0)).bound, 0);
}

TEST(Tracked, OneOperationIsOneRounding) {
  const Tracked sum = Tracked(1.0) + Tracked(2.0);
  EXPECT_DOUBLE_EQ(sum.bound, 3 * kU);
  EXPECT_DOUBLE_EQ(sum.rms(), kRoundingRms * 3 * kU);
  EXPECT_DOUBLE_EQ((Tracked(3.0) * Tracked(-5.0)).bound, 15 * kU);
  EXPECT_DOUBLE_EQ((Tracked(3.0) / Tracked(4.0)).bound, 0.75 * kU);
}

// A random walk of float operations stays inside the bound of the same operations in Tracked, and not far inside.
TEST(Tracked, BoundsFloatArithmetic) {
  RandomStream stream(7);
  double worst = 0;
  for (int walk = 0; walk < 2000; ++walk) {
    float narrow = 1.0f;
    Tracked wide(1.0);
    for (int step = 0; step < 20; ++step) {
      const auto operand = static_cast<float>(stream.uniform() * 2 + 0.25);
      switch (stream.below(4)) {
        case 0:
          narrow += operand;
          wide += Tracked(operand);
          break;
        case 1:
          narrow -= operand;
          wide -= Tracked(operand);
          break;
        case 2:
          narrow *= operand;
          wide *= Tracked(operand);
          break;
        default: narrow /= operand; wide = wide / Tracked(operand);
      }
    }
    const double error = std::abs(narrow - wide.value);
    ASSERT_LE(error, wide.bound);
    ASSERT_LE(error, 8 * wide.rms());
    worst = std::max(worst, error / wide.bound);
  }
  EXPECT_GT(worst, 0.1);
}

TEST(Tracked, BoundsElementaryFunctions) {
  RandomStream stream(11);
  for (int i = 0; i < 20000; ++i) {
    const auto x = static_cast<float>(stream.uniform() * 6 - 3), y = static_cast<float>(stream.uniform() + 0.5);
    // The argument carries an error of its own: x * y is rounded before the function sees it.
    const Tracked argument = Tracked(x) * Tracked(y);
    const float rounded_argument = x * y;
    const auto inside = [](float got, const Tracked& truth) { return std::abs(got - truth.value) <= truth.bound; };
    ASSERT_TRUE(inside(std::exp(rounded_argument), exp(argument))) << x << " " << y;
    ASSERT_TRUE(inside(std::erf(rounded_argument), erf(argument))) << x << " " << y;
    ASSERT_TRUE(inside(std::tanh(rounded_argument), tanh(argument))) << x << " " << y;
    const Tracked positive = Tracked(y) * Tracked(y);
    ASSERT_TRUE(inside(std::sqrt(y * y), sqrt(positive)));
    ASSERT_TRUE(inside(std::log(y * y), log(positive)));
    ASSERT_TRUE(inside(1.0f / std::sqrt(y * y), rsqrt(positive)));
  }
}

TEST(Tracked, DivisorThatMayBeZeroLeavesNoBound) {
  const Tracked small(1.0, 2.0, 0, 0);
  EXPECT_TRUE(std::isinf((Tracked(1.0) / small).bound));
}

TEST(Tracked, WhatIsNotKnownIsInfiniteAndStaysSo) {
  const Tracked maybe_zero{1e-30, 2e-30, 1e-60, 0.0};
  EXPECT_TRUE(std::isinf(log(maybe_zero).bound));
  EXPECT_TRUE(std::isinf(log(maybe_zero).rms()));
  EXPECT_TRUE(std::isinf((Tracked(37.0) * log(maybe_zero)).bound)) << "an exact factor's error of 0 times infinity";
  EXPECT_TRUE(std::isinf((Tracked(0.0) * log(maybe_zero)).rms()));
  EXPECT_TRUE(std::isinf((log(maybe_zero) / Tracked(2.0)).bound));
  EXPECT_TRUE(std::isinf(exp(Tracked(100.0)).bound)) << "3e43 is infinite in float32";
  EXPECT_TRUE(std::isfinite(exp(Tracked(80.0)).bound));
}

TEST(Tracked, ProductsOfADotMayUnderflow) {
  const auto small = [](std::int64_t) { return Tracked(1e-30); };
  EXPECT_GE(dot<Tracked>(3, small, small).bound, 3 * 0x1p-150);
  const auto plain = [](std::int64_t) { return Tracked(1.0); };
  EXPECT_LT(dot<Tracked>(3, small, plain).bound, 1e-35);
}

TEST(Tracked, InfinitiesAreExactResults) {
  const Tracked infinite(INFINITY);
  EXPECT_EQ((infinite + Tracked(1.0)).bound, 0);
  EXPECT_EQ((Tracked(1.0) / infinite).value, 0);
  EXPECT_EQ((Tracked(1.0) / infinite).bound, 0);
}

TEST(Tracked, SharedErrorsAddLinearly) {
  const Tracked noisy(1.0, 1e-3, 1e-8, 0);  // rms 1e-4
  EXPECT_DOUBLE_EQ(shared(noisy).common, 1e-4);
  EXPECT_DOUBLE_EQ(shared(noisy).spread, 0);
  const ContractScope exact({.accumulation = DType::f64});
  EXPECT_NEAR((noisy + noisy).rms(), std::sqrt(2.0) * 1e-4, 1e-12);
  EXPECT_NEAR((shared(noisy) + shared(noisy)).rms(), 2e-4, 1e-12);
}

TEST(ContractScope, NestsAndEnds) {
  EXPECT_EQ(current_roundoff(), kU);
  {
    const ContractScope outer({.accumulation = DType::bf16});
    EXPECT_EQ(current_roundoff(), 0x1p-8);
    {
      const ContractScope inner({.accumulation = DType::f64});
      EXPECT_EQ(current_roundoff(), 0x1p-53);
    }
    EXPECT_EQ(current_roundoff(), 0x1p-8);
  }
  EXPECT_EQ(current_roundoff(), kU);
}

TEST(PrecisionContract, DepthOfATree) {
  EXPECT_EQ(PrecisionContract{}.depth(1000), 999);
  EXPECT_EQ((PrecisionContract{.partial_sums = 256}.depth(1024)), 3 + 8);
  EXPECT_EQ((PrecisionContract{.partial_sums = 256}.depth(1)), 0);
}

}  // namespace
}  // namespace lockstep
