// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/dual.hpp"

#include <gtest/gtest.h>

#include "harness/numerics/low_precision.hpp"

namespace lockstep {
namespace {

/// Central difference of f at x; error about 1e-9 for the functions below.
template <class F>
double difference(F f, double x) {
  constexpr double h = 1e-5;
  return (f(x + h) - f(x - h)) / (2 * h);
}

template <class F>
void expect_derivatives(F f, double x) {
  EXPECT_NEAR(f(Dual<double>(x, 1.0)).tangent, difference([&](double t) { return f(Dual<double>(t)).value; }, x), 1e-8);
  using Second = Dual<Dual<double>>;
  const Second second = f(Second(Dual<double>(x, 1.0), Dual<double>(1.0)));
  EXPECT_NEAR(second.tangent.tangent, difference([&](double t) { return f(Dual<double>(t, 1.0)).tangent; }, x), 1e-7);
}

TEST(Dual, DifferentiatesOnceAndTwice) {
  for (const double x : {0.3, 0.9, 1.7}) {
    expect_derivatives([](auto t) { return t * t * t - t / (t + 2.0); }, x);
    expect_derivatives([](auto t) { return exp(t) * log(t); }, x);
    expect_derivatives([](auto t) { return erf(t) + tanh(t); }, x);
    expect_derivatives([](auto t) { return sqrt(t) * rsqrt(t + 1.0); }, x);
  }
}

TEST(LowPrecision, RoundsEveryStep) {
  using Low = LowPrecision<DType::bf16>;
  EXPECT_EQ((Low(256.0) + Low(1.0)).value, 256.0);  // bfloat16 has 8 bits: 257 is not among them
  EXPECT_EQ((Low(1.0) / Low(3.0)).value, 0.333984375);
}

}  // namespace
}  // namespace lockstep
