// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>

#include "harness/numerics/tracked.hpp"

namespace lockstep {

/// `x` times a power of two: no rounding in any binary format, which Tracked's own product cannot know. Counting one
/// would widen the bound of a GELU by a fifth.
template <class T>
T times_power_of_two(const T& x, double factor) {
  if constexpr (std::same_as<T, Tracked>) {
    const double size = std::abs(factor);
    return {factor * x.value, size * x.bound, size * size * x.spread, size * x.common};
  } else {
    return T(factor) * x;
  }
}

inline bool is_power_of_two(double factor) {
  int exponent = 0;
  return std::abs(std::frexp(factor, &exponent)) == 0.5;
}

/// A constant as an implementation holds it: rounded to the precision of its arithmetic, an error that Tracked must
/// know.
template <class T>
T rounded_constant(double value) {
  return T(value) * T(1.0);
}

/// The same for a constant that is given by the caller: one that float holds exactly, such as 0.5, is not rounded.
template <class T>
T held_constant(double value) {
  return static_cast<double>(static_cast<float>(value)) == value ? T(value) : rounded_constant<T>(value);
}

}  // namespace lockstep
