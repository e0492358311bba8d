// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/tracked.hpp"

#include <algorithm>

#ifdef __FAST_MATH__
#error "numerics must not be compiled with fast-math: NaN comparisons would be removed"
#endif

namespace lockstep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// |f(x+e) - f(x)| over |e| <= bound for a monotonic f: exact at the ends when the error is large, first order (with the
/// second order covered by the factor) when it is small against the scale on which the slope changes.
template <class Function>
double worst_change(Function f, double x, double slope, double bound, double scale) {
  if (bound == 0.0) return 0.0;
  if (bound < 1e-4 * scale) return std::abs(slope) * bound * 1.001;
  const double at = f(x);
  return std::max(std::abs(f(x + bound) - at), std::abs(f(x - bound) - at));
}

}  // namespace

Tracked exp(const Tracked& x) {
  const double value = std::exp(x.value);
  const double worst = x.bound == 0.0 ? 0.0 : value * std::expm1(x.bound);
  // Finite here, infinite where it is computed: nothing that follows from it has a bound.
  if (std::isfinite(value) && std::isinf(round_to(current_contract().accumulation, value)))
    return {value, kInfinity, kInfinity, 0.0};
  return through_function(value, value, worst, x, current_contract().exp_ulp);
}

Tracked log(const Tracked& x) {
  const double value = std::log(x.value), slope = 1.0 / x.value;
  // What may be 0 within its error has any logarithm, of which neither a bound nor a slope says anything.
  if (x.value > 0 && x.bound >= x.value) return {value, kInfinity, kInfinity, 0.0};
  const double worst = worst_change([](double t) { return std::log(t); }, x.value, slope, x.bound, std::abs(x.value));
  return through_function(value, slope, worst, x, current_contract().log_ulp);
}

Tracked erf(const Tracked& x) {
  constexpr double kTwoOverRootPi = 1.1283791670955126;
  const double value = std::erf(x.value), slope = kTwoOverRootPi * std::exp(-x.value * x.value);
  // erf is steepest at 0, so the slope there bounds the change anywhere; a tighter one matters in the tails only.
  const double worst =
      worst_change([](double t) { return std::erf(t); }, x.value, slope, x.bound, 1.0 / (1.0 + std::abs(x.value)));
  Tracked result = through_function(value, slope, worst, x, current_contract().erf_ulp);
  const double absolute = current_contract().erf_absolute * current_roundoff();
  result.bound += absolute;
  result.spread += kRoundingRms * absolute * kRoundingRms * absolute;
  return result;
}

Tracked tanh(const Tracked& x) {
  const double value = std::tanh(x.value), slope = 1.0 - value * value;
  const double worst = worst_change([](double t) { return std::tanh(t); }, x.value, slope, x.bound, 1.0);
  return through_function(value, slope, worst, x, current_contract().tanh_ulp);
}

Tracked sqrt(const Tracked& x) {
  const double value = std::sqrt(x.value), slope = 0.5 / value;
  const double worst =
      worst_change([](double t) { return std::sqrt(std::max(t, 0.0)); }, x.value, slope, x.bound, std::abs(x.value));
  return through_function(value, slope, worst, x, 0.0);
}

Tracked rsqrt(const Tracked& x) {
  const double value = 1.0 / std::sqrt(x.value), slope = -0.5 * value / x.value;
  // A sum of squares is never negative: below zero the change is unbounded, which the division by zero says.
  const double worst = worst_change([](double t) { return 1.0 / std::sqrt(std::max(t, 0.0)); }, x.value, slope, x.bound,
                                    std::abs(x.value));
  return through_function(value, slope, worst, x, current_contract().rsqrt_ulp);
}

}  // namespace lockstep
