// SPDX-License-Identifier: Apache-2.0
// The allowance for oneDNN's erf is derived here, from what its code computes: running error analysis of every rounding on
// the way, with the approximations' own errors against the true functions. oneDNN 2.6 on x86-64,
// src/cpu/x64/injectors/jit_uni_eltwise_injector.cpp, gelu_erf and exp, with fused multiply-adds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/implementations.hpp"

namespace lockstep {
namespace {

constexpr double kU = 0x1p-24;

/// A result in units of u: what it is, and how far the computed one may be off.
struct Bounded {
  double value = 0, error = 0;
};

/// Horner's rule in fused multiply-adds, at `at` with its own absolute error in u; coefficients from the highest down.
template <std::size_t kCount>
Bounded horner(const float (&coefficients)[kCount], double at, double error_at) {
  Bounded sum{coefficients[0], 0};
  for (std::size_t k = 1; k < kCount; ++k) {
    const double next = sum.value * at + static_cast<double>(coefficients[k]);
    sum = {next, std::abs(at) * sum.error + std::abs(sum.value) * error_at + std::abs(next)};
  }
  return sum;
}

/// Largest relative error in u of exp(y) for a float y <= 0: y = n ln 2 + r with a ln 2 of one float, and a polynomial of
/// degree 5 in r. Where floor may give either n, both count.
double exp_error(double y) {
  constexpr float kPolynomial[]{0x1.0f9f9cp-7f, 0x1.573a1ap-5f, 0x1.555a8p-3f, 0x1.fffdc6p-2f, 0x1.fffff6p-1f, 1.0f};
  constexpr double kLn2 = 0x1.62e43p-1f;
  const double nearest = std::floor(y * std::numbers::log2e + 0.5);
  double worst = 0;
  for (const double n : {nearest - 1, nearest, nearest + 1}) {
    const double r = y - n * kLn2;
    if (std::abs(r) > 0.3467) continue;
    const Bounded power = horner(kPolynomial, r, std::abs(r));
    const double approximation = std::abs(power.value / std::exp(r) - 1) / kU;
    worst = std::max(worst,
                     power.error / power.value + std::abs(n) * std::abs(kLn2 - std::numbers::ln2) / kU + approximation);
  }
  return worst;
}

/// Error in u of erf(x), x >= 0 a float, by Abramowitz and Stegun 1964, 7.1.26: 1 - r(t) t exp(-x^2), t = 1 / (1 + p x).
double erf_error(double x) {
  constexpr float kP = 0.3275911f;
  constexpr float kPolynomial[]{1.061405429f, -1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f};
  const double t = 1 / (1 + static_cast<double>(kP) * x), power = std::exp(-x * x);
  const Bounded r = horner(kPolynomial, t, 2 * t);  // t: a multiply-add and a division
  // x^2 is rounded before exp sees it; t and the product of both add three roundings.
  const double weight_error = power * t * (exp_error(-x * x) + x * x + 3);
  const double tail = r.value * power * t;
  const double approximation = std::abs(std::erf(x) - (1 - tail)) / kU;
  return approximation + std::abs(r.value) * weight_error + power * t * r.error + std::abs(1 - tail);
}

/// Relative errors in u of the float constants 1 / sqrt 2, its square for 1 / 2, and 1 / sqrt pi.
constexpr double kRootHalf = 0.70710678118654752f;
const double kRootHalfError = std::abs(kRootHalf / std::sqrt(0.5) - 1) / kU;
const double kHalfError = std::abs(kRootHalf * kRootHalf / 0.5 - 1) / kU;
const double kInverseRootPiError = std::abs(0.56418958354775628f / std::numbers::inv_sqrtpi - 1) / kU;

/// What erf_absolute must be at x = s / sqrt 2 so that the contract covers S + S erf(x), S = x / sqrt 2: its error less
/// what Tracked allows for h (1 + erf(x)), h = s / 2, by the other promises (erf_ulp 2: 5 u |erf|; one addition). The error
/// of x itself and the last rounding count alike on both sides.
double forward_need(double x) {
  const double erf = std::erf(x), scale_error = (2 + kHalfError) * std::abs(1 + erf);
  return erf_error(std::abs(x)) + scale_error - 5 * std::abs(erf) - std::abs(1 + erf);
}

/// The same for (x exp(-x^2) / sqrt pi + 1/2) + erf(x) / 2 against h (1 + erf(x)) + s density(s), where the density is
/// exp(-s^2 / 2) with one rounding of its argument and exp_ulp 2, times a rounded constant, times s.
double backward_need(double x) {
  const double erf = std::erf(x), slope = std::abs(x) * std::exp(-x * x) * std::numbers::inv_sqrtpi;
  const double squared = 2 * (kRootHalfError + 1) + 1;  // x^2 from a rounded x
  const double slope_error = slope * (exp_error(-x * x) + x * x * squared + kRootHalfError + kInverseRootPiError + 3);
  const double sum = std::abs(std::copysign(slope, x) + 0.5);
  const double allowed = 0.5 * (5 * std::abs(erf) + std::abs(1 + erf)) + slope * (x * x + 5 + 3);
  return 2 * (0.5 * erf_error(std::abs(x)) + slope_error + sum - allowed);
}

template <class Need>
double largest(Need need) {
  double worst = 0;
  for (int i = -40000; i <= 40000; ++i) worst = std::max(worst, need(i * 0x1p-12));  // to +-9.8: erf is 1 long before
  return worst;
}

double promised(Direction direction) {
  const Problem problem = parse_problem("gelu." + std::string(name_of(direction)), "x=8");
  for (const Implementation& one : gelu_implementations())
    if (one.backend == Backend::onednn && one.direction == direction) return one.contract(problem).erf_absolute;
  return 0;
}

TEST(GeluOneDnn, TheAllowanceIsWhatItsAlgorithmNeeds) {
  EXPECT_EQ(promised(Direction::forward), std::ceil(largest(forward_need)));
  EXPECT_EQ(promised(Direction::backward), std::ceil(largest(backward_need)));
}

// The polynomial's error as published, 1.5e-7, is a part of it only: near zero the roundings weigh six times as much.
TEST(GeluOneDnn, ThePolynomialIsTheLesserPart) {
  EXPECT_GT(erf_error(0.0), 5 * 1.5e-7 / kU);
  EXPECT_LT(erf_error(3.0), 1.5e-7 / kU + 1);
}

}  // namespace
}  // namespace lockstep
