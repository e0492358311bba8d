// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include "harness/numerics/precision_contract.hpp"

namespace lockstep {

/// A number with what rounding may have done to it on the way, under the contract in force (ContractScope).
///
/// value   the result in double, which serves as the truth;
/// bound   worst-case absolute error (running error analysis, standard model of rounding);
/// spread  variance of the errors that are independent from element to element;
/// common  root-mean-square error that comes through statistics shared by many elements (a mean). Such errors do not average
///         out when the elements are summed, so they add linearly, while `spread` adds as variances do.
struct Tracked {
  double value = 0.0, bound = 0.0, spread = 0.0, common = 0.0;

  Tracked() = default;
  // Implicit: formulas mix literals and tracked numbers as they do with double.
  Tracked(double exact) : value(exact) {}
  Tracked(double value_, double bound_, double spread_, double common_)
      : value(value_), bound(bound_), spread(spread_), common(common_) {}

  double rms() const { return std::sqrt(spread) + common; }
  friend bool operator<(const Tracked& a, const Tracked& b) { return a.value < b.value; }
  friend bool operator>(const Tracked& a, const Tracked& b) { return a.value > b.value; }

  // Found through their argument only: at namespace scope they would hide the C library's functions from every kernel.
  friend Tracked exp(const Tracked& x);
  friend Tracked log(const Tracked& x);
  friend Tracked erf(const Tracked& x);
  friend Tracked tanh(const Tracked& x);
  friend Tracked sqrt(const Tracked& x);
  friend Tracked rsqrt(const Tracked& x);
  friend Tracked abs(const Tracked& x) { return {std::abs(x.value), x.bound, x.spread, x.common}; }
};

/// Root-mean-square error of one rounding in units of u |result|: 0.425 for significands distributed log-uniformly.
inline constexpr double kRoundingRms = 0.425;

/// Adds one rounding of `value` to errors carried so far.
inline Tracked rounded(double value, double bound, double spread, double common) {
  // Infinities are results of their own, not rounded numbers.
  const double unit = std::isfinite(value) ? current_roundoff() * std::abs(value) : 0.0;
  const double typical = kRoundingRms * unit;
  return {value, bound + unit + current_roundoff() * bound, spread + typical * typical, common};
}

/// Below this magnitude products, quotients and exponentials of the narrowest ranges may underflow.
inline constexpr double kMayUnderflow = 0x1p-100;

/// Adds what underflow may have done to a result: an absolute error, which a later factor magnifies like any other. Sums
/// need none, they are exact there.
inline Tracked underflowed(Tracked result) {
  if (!(std::abs(result.value) < kMayUnderflow) || result.value == 0) return result;
  const double lost = current_contract().underflow();
  result.bound += lost;
  result.spread += lost * lost;
  return result;
}

/// An error that came out as 0 times infinity is not known at all, which must not read as one that passes every comparison.
inline double known_or_infinite(double error) {
  return error == error ? error : std::numeric_limits<double>::infinity();
}

inline Tracked operator-(const Tracked& a) { return {-a.value, a.bound, a.spread, a.common}; }
inline Tracked operator+(const Tracked& a, const Tracked& b) {
  return rounded(a.value + b.value, a.bound + b.bound, a.spread + b.spread, a.common + b.common);
}
inline Tracked operator-(const Tracked& a, const Tracked& b) {
  return rounded(a.value - b.value, a.bound + b.bound, a.spread + b.spread, a.common + b.common);
}
inline Tracked operator*(const Tracked& a, const Tracked& b) {
  const double x = std::abs(a.value), y = std::abs(b.value);
  return underflowed(rounded(a.value * b.value, known_or_infinite(x * b.bound + y * a.bound + a.bound * b.bound),
                             known_or_infinite(x * x * b.spread + y * y * a.spread), x * b.common + y * a.common));
}
inline Tracked operator/(const Tracked& a, const Tracked& b) {
  const double y = std::abs(b.value), quotient = a.value / b.value, q = std::abs(quotient);
  // A divisor that may be zero within its error leaves no bound at all.
  const double room = y - b.bound;
  const double bound = b.bound == 0 || std::isinf(y) ? a.bound / y
                       : room > 0                    ? (a.bound + q * b.bound) / room
                                                     : std::numeric_limits<double>::infinity();
  return underflowed(rounded(quotient, known_or_infinite(bound),
                             known_or_infinite((a.spread + q * q * b.spread) / (y * y)),
                             (a.common + q * b.common) / y));
}
inline Tracked& operator+=(Tracked& a, const Tracked& b) { return a = a + b; }
inline Tracked& operator-=(Tracked& a, const Tracked& b) { return a = a - b; }
inline Tracked& operator*=(Tracked& a, const Tracked& b) { return a = a * b; }

/// A function of known slope: propagates the argument's errors and adds the function's own relative error. `worst` bounds
/// |f(x + e) - f(x)| for |e| <= x.bound.
inline Tracked through_function(double value, double slope, double worst, const Tracked& x, double ulp) {
  const double unit = std::abs(value) * (2.0 * ulp + 1.0) * current_roundoff();
  const double typical = kRoundingRms * unit;
  return underflowed({value, worst + unit, slope * slope * x.spread + typical * typical, std::abs(slope) * x.common});
}

/// Marks a statistic that many elements share: from here on its error is common to them all.
inline Tracked shared(const Tracked& x) { return {x.value, x.bound, 0.0, x.rms()}; }
inline double value_of(const Tracked& x) { return x.value; }

}  // namespace lockstep
