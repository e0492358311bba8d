// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>

#include "harness/numerics/dual.hpp"
#include "harness/numerics/tracked.hpp"

namespace lockstep {

/// 1 / sqrt(variance + eps).
template <class T>
T inverse_deviation(const T& variance, double eps) {
  return rsqrt(variance + T(eps));
}

/// No computed variance is below zero, whatever its error: the result lies between 0 and 1 / sqrt(eps). Without saying
/// so a constant channel far from zero, where the bound exceeds eps, would have no finite bound at all.
template <class T>
requires std::same_as<T, Tracked> T inverse_deviation(const T& variance, double eps) {
  Tracked result = rsqrt(variance + T(eps));
  const double largest = (1 + current_contract().function_error(current_contract().rsqrt_ulp)) / std::sqrt(eps);
  if (eps > 0) result.bound = std::fmin(result.bound, std::fmax(largest - result.value, result.value));
  return result;
}

}  // namespace lockstep
