// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

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

/// How many different values there are, weighed by their shares s of the n: 1 / sum s^2, from a sample of 64 spread over all;
/// infinity where no two of the sample are equal.
template <class X>
double distinct_values(std::int64_t n, X x) {
  constexpr std::int64_t kSample = 64;
  std::array<double, kSample> sample{};
  const std::int64_t count = std::min(n, kSample);
  for (std::int64_t i = 0; i < count; ++i) sample[static_cast<std::size_t>(i)] = x(i * n / count);
  // NaN last: without a place of its own in the order it would leave none.
  std::sort(sample.begin(), sample.begin() + count,
            [](double a, double b) { return a < b || (std::isnan(b) && !std::isnan(a)); });
  std::int64_t equal_pairs = 0, run = 0;
  for (std::size_t i = 1; i < static_cast<std::size_t>(count); ++i) {
    run = sample[i] == sample[i - 1] ? run + 1 : 0;
    equal_pairs += run;
  }
  if (equal_pairs == 0) return std::numeric_limits<double>::infinity();
  return static_cast<double>(count * (count - 1) / 2) / static_cast<double>(equal_pairs);
}

/// Errors of mean and variance by the contract's algorithm, in closed form: running analysis would lose that the deviations
/// sum to zero. `statistics` describe the x; `variance` is the true biased variance; `distinct`: how many values differ.
/// Adding equal squares to a partial sum errs by equal amounts, as long as its exponent stays, so their errors add up
/// instead of averaging out: h additions of k different squares err by h / sqrt(k) roundings instead of sqrt(h).
/// Mean: gamma_{h+1} mean|x|. Two-pass: gamma_{h+4}(s2 + d2) + d2 with d the mean's error; Welford: 2 gamma_{h+3} k s2 with
/// k = sqrt(1 + mu^2/s2); one-pass: gamma_{3h+5} mean x^2 (Chan, Golub, LeVeque 1983).
Moments<Tracked> tracked_moments(const SumStatistics& statistics, double variance, double distinct);

template <class T, class X>
requires std::same_as<T, Tracked> Moments<Tracked> moments(std::int64_t n, X x) {
  const SumStatistics all = statistics_of(n, x);
  const double mean = all.value / static_cast<double>(n);
  const double squares = sum<double>(n, [&](std::int64_t i) {
    const double deviation = value_of(x(i)) - mean;
    return deviation * deviation;
  });
  const double distinct = distinct_values(n, [&x](std::int64_t i) { return value_of(x(i)); });
  return tracked_moments(all, squares / static_cast<double>(n), distinct);
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
