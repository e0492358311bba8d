// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "harness/data/dtype.hpp"

namespace lockstep {

/// Arithmetic that rounds every intermediate to `kDType`: a formula instantiated with it is the declared fault "a lower
/// accumulation precision than promised".
template <DType kDType>
struct LowPrecision {
  double value = 0.0;

  LowPrecision() = default;
  LowPrecision(double exact) : value(round_to(kDType, exact)) {}

  friend LowPrecision operator-(LowPrecision a) { return {-a.value}; }
  friend LowPrecision operator+(LowPrecision a, LowPrecision b) { return {a.value + b.value}; }
  friend LowPrecision operator-(LowPrecision a, LowPrecision b) { return {a.value - b.value}; }
  friend LowPrecision operator*(LowPrecision a, LowPrecision b) { return {a.value * b.value}; }
  friend LowPrecision operator/(LowPrecision a, LowPrecision b) { return {a.value / b.value}; }
  LowPrecision& operator+=(LowPrecision b) { return *this = *this + b; }
  LowPrecision& operator-=(LowPrecision b) { return *this = *this - b; }
  LowPrecision& operator*=(LowPrecision b) { return *this = *this * b; }
  friend bool operator<(LowPrecision a, LowPrecision b) { return a.value < b.value; }
  friend bool operator>(LowPrecision a, LowPrecision b) { return a.value > b.value; }

  friend LowPrecision exp(LowPrecision x) { return {std::exp(x.value)}; }
  friend LowPrecision log(LowPrecision x) { return {std::log(x.value)}; }
  friend LowPrecision erf(LowPrecision x) { return {std::erf(x.value)}; }
  friend LowPrecision tanh(LowPrecision x) { return {std::tanh(x.value)}; }
  friend LowPrecision sqrt(LowPrecision x) { return {std::sqrt(x.value)}; }
  friend LowPrecision rsqrt(LowPrecision x) { return {1.0 / std::sqrt(x.value)}; }
  friend LowPrecision abs(LowPrecision x) { return {std::abs(x.value)}; }
  friend double value_of(LowPrecision x) { return x.value; }
};

}  // namespace lockstep
