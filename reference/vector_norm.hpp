// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>

#include "harness/numerics/sum.hpp"

namespace lockstep {
namespace detail {

/// |x|^p for a p other than 0; of 0, infinity and NaN without a logarithm, whose slope there no error survives.
template <class T>
T power(const T& x, double p) {
  using std::exp;
  using std::log;
  const double value = value_of(x);
  if (value == 0 || !std::isfinite(value)) return T(std::pow(std::abs(value), p));
  if (p == 1) return x;
  if (p == 3) return x * x * x;
  return exp(T(p) * log(x));
}

template <class T>
T size_of(const T& x) {
  using std::abs;
  return abs(x);
}

/// The largest of `n` sizes, or the smallest; NaN where one is NaN.
template <class T, class At>
T extreme(std::int64_t n, At at, bool largest) {
  std::int64_t best = 0;
  double found = value_of(at(0));
  for (std::int64_t i = 1; i < n && !std::isnan(found); ++i) {
    const double candidate = value_of(at(i));
    if (std::isnan(candidate) || (largest ? candidate > found : candidate < found)) {
      best = i;
      found = candidate;
    }
  }
  return at(best);
}

/// total^(1/p).
template <class T>
T root_by_formula(const T& total, double p) {
  using std::exp;
  using std::log;
  using std::sqrt;
  const double value = value_of(total);
  if (value == 0 || !std::isfinite(value)) return T(std::pow(value, 1 / p));
  if (p == 1) return total;
  if (p == 2) return sqrt(total);
  return exp(log(total) / T(p));
}

template <class T>
T root(const T& total, double p) {
  return root_by_formula<T>(total, p);
}

/// A sum of powers is never negative, so its root has a bound even where underflow leaves no more of the sum than its error:
/// between 0 and the root of the largest. There the slope at the truth says nothing, and the bound is the rms as well.
template <class T>
requires std::same_as<T, Tracked> Tracked root(const Tracked& total, double p) {
  const double value = total.value;
  if (!(value > 0) || !std::isfinite(value) || total.bound < value / 2) return root_by_formula<Tracked>(total, p);
  const double truth = std::pow(value, 1 / p), worst = std::max(truth, std::pow(value + total.bound, 1 / p) - truth);
  return {truth, worst, worst * worst, 0.0};
}

/// A sum in blocks: in one long chain of squares the roundings lean to one side, since most squares are small, and the
/// float instance would leave its statistical gate.
template <class T, class Term>
T blocked_sum(std::int64_t n, Term term) {
  constexpr std::int64_t kBlock = 1024;
  return sum<T>((n + kBlock - 1) / kBlock, [&](std::int64_t block) {
    const std::int64_t first = block * kBlock;
    return sum<T>(std::min(kBlock, n - first), [&](std::int64_t i) { return term(first + i); });
  });
}

/// Tracked bounds every order at once.
template <class T, class Term>
requires std::same_as<T, Tracked> Tracked blocked_sum(std::int64_t n, Term term) { return sum<T>(n, term); }

template <class T, class X>
T sum_of_squares(std::int64_t n, X x) {
  return blocked_sum<T>(n, [&](std::int64_t i) {
    const T value = x(i);
    return value * value;
  });
}

template <class T, class X>
requires std::same_as<T, Tracked> Tracked sum_of_squares(std::int64_t n, X x) { return dot<T>(n, x, x); }

}  // namespace detail

/// Norm of order p of x(0) .. x(n-1) (semantics of torch.linalg.vector_norm). Of nothing it is 0 in every order, as torch.norm has it.
template <class T, class X>
T vector_norm(std::int64_t n, X x, double p) {
  if (n == 0) return T(0.0);
  const auto size = [&](std::int64_t i) { return detail::size_of<T>(x(i)); };
  if (std::isinf(p)) return detail::extreme<T>(n, size, p > 0);
  if (p == 0) return detail::blocked_sum<T>(n, [&](std::int64_t i) { return T(value_of(x(i)) != 0 ? 1.0 : 0.0); });
  if (p == 1) return detail::blocked_sum<T>(n, size);
  if (p == 2) return detail::root<T>(detail::sum_of_squares<T>(n, x), p);
  return detail::root<T>(detail::blocked_sum<T>(n, [&](std::int64_t i) { return detail::power<T>(size(i), p); }), p);
}

}  // namespace lockstep
