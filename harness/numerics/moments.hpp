// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "harness/numerics/sum.hpp"

namespace lockstep {

/// Mean and biased variance (division by n) of x(0) .. x(n-1).
template <class T>
struct Moments {
  T mean{}, variance{};
};

template <class T, class X>
Moments<T> moments(std::int64_t n, X x) {
  const T count = T(static_cast<double>(n));
  const T mean = sum<T>(n, x) / count;
  const T squares = sum<T>(n, [&](std::int64_t i) {
    const T deviation = x(i) - mean;
    return deviation * deviation;
  });
  return {mean, squares / count};
}

/// Errors of mean and variance by the contract's algorithm, in closed form: running analysis would lose that the deviations
/// sum to zero. `statistics` describe the x; `variance` is the true biased variance.
/// Mean: gamma_{h+1} mean|x|. Two-pass: gamma_{h+4}(s2 + d2) + d2 with d the mean's error; Welford: 2 gamma_{h+3} k s2 with
/// k = sqrt(1 + mu^2/s2); one-pass: gamma_{3h+5} mean x^2 (Chan, Golub, LeVeque 1983).
Moments<Tracked> tracked_moments(const SumStatistics& statistics, double variance);

template <class T, class X>
requires std::same_as<T, Tracked> Moments<Tracked> moments(std::int64_t n, X x) {
  const SumStatistics all = statistics_of(n, x);
  const double mean = all.value / static_cast<double>(n);
  const double squares = sum<double>(n, [&](std::int64_t i) {
    const double deviation = value_of(x(i)) - mean;
    return deviation * deviation;
  });
  return tracked_moments(all, squares / static_cast<double>(n));
}

/// 1 / sqrt(variance + eps), what every normalisation multiplies by.
template <class T>
T inverse_deviation(const T& variance, double eps) {
  return rsqrt(variance + T(eps));
}

/// No computed variance is below zero, whatever its error, so the computed result lies between 0 and 1 / sqrt(eps) with its
/// function's own error. Without saying so, equal values far from zero, where the variance's bound exceeds eps, would leave
/// no finite bound at all, and a deviation of 0 times that would be none either (0 * infinity). Of an infinite variance it is
/// zero, and exact: its derivative is zero there, which times the variance's error (infinity or NaN) would be no error at all.
Tracked inverse_deviation(const Tracked& variance, double eps);

}  // namespace lockstep
