// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>

#include "harness/numerics/dual.hpp"
#include "harness/numerics/tracked.hpp"

namespace lockstep {

/// What a sum needs to know of its terms to bound the error of every order of summation.
struct SumStatistics {
  double terms = 0, value = 0, magnitude = 0, squares = 0;  // n, sum t, sum |t|, sum t^2
  double bound = 0, spread = 0, common = 0;                 // carried errors of the terms
};

/// Sum of terms with these statistics under the contract in force: bound gamma_h sum|t| (Higham 2002, section 4.2), rms of
/// the partial sums' roundings for P partial sums of n/P terms and a tree (notes in PrecisionContract).
/// `extra_roundings`: further roundings each term passes (its product, where no fused multiply-add is promised).
Tracked tracked_sum(const SumStatistics& statistics, double extra_roundings);

/// Number of independent accumulators: short dependency chains for speed, and a smaller error of the float instance.
inline constexpr std::int64_t kReferencePartialSums = 8;

/// Order-free sum of term(0) .. term(n-1). Every reduction of a reference goes through here or through dot, so that the
/// bound holds for whatever order the implementation under test uses.
template <class T, class Term>
T sum(std::int64_t n, Term term) {
  std::array<T, kReferencePartialSums> partial{};
  std::int64_t i = 0;
  for (; i + kReferencePartialSums <= n; i += kReferencePartialSums)
    for (std::int64_t lane = 0; lane < kReferencePartialSums; ++lane)
      partial[static_cast<std::size_t>(lane)] += term(i + lane);
  for (; i < n; ++i) partial[static_cast<std::size_t>(i % kReferencePartialSums)] += term(i);
  return ((partial[0] + partial[1]) + (partial[2] + partial[3])) +
         ((partial[4] + partial[5]) + (partial[6] + partial[7]));
}

namespace detail {

inline void add_term(SumStatistics& s, const Tracked& t) {
  s.value += t.value;
  s.magnitude += std::abs(t.value);
  s.squares += t.value * t.value;
  s.bound += t.bound;
  s.spread += t.spread;
  s.common += t.common;
}

inline SumStatistics combine(const SumStatistics* parts, int count, std::int64_t terms) {
  SumStatistics all = parts[0];
  for (int part = 1; part < count; ++part) {
    all.value += parts[part].value;
    all.magnitude += parts[part].magnitude;
    all.squares += parts[part].squares;
    all.bound += parts[part].bound;
    all.spread += parts[part].spread;
    all.common += parts[part].common;
  }
  all.terms = static_cast<double>(terms);
  return all;
}

}  // namespace detail

template <class T, class Term>
requires std::same_as<T, Tracked> Tracked sum(std::int64_t n, Term term) {
  std::array<SumStatistics, 4> parts{};
  std::int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (std::int64_t lane = 0; lane < 4; ++lane)
      detail::add_term(parts[static_cast<std::size_t>(lane)], term(i + lane));
  for (; i < n; ++i) detail::add_term(parts[0], term(i));
  return tracked_sum(detail::combine(parts.data(), 4, n), 0.0);
}

/// Order-free sum of a(k) * b(k), k in [0, n).
template <class T, class A, class B>
T dot(std::int64_t n, A a, B b) {
  return sum<T>(n, [&](std::int64_t k) { return a(k) * b(k); });
}

/// Tracked: the products' own roundings belong to the contract of the dot product, not to each term.
template <class T, class A, class B>
requires std::same_as<T, Tracked> Tracked dot(std::int64_t n, A a, B b) {
  std::array<SumStatistics, 4> parts{};
  for (std::int64_t k = 0; k < n; ++k) {
    const Tracked x = a(k), y = b(k);
    const double p = std::abs(x.value), q = std::abs(y.value);
    detail::add_term(parts[static_cast<std::size_t>(k % 4)],
                     {x.value * y.value, p * y.bound + q * x.bound + x.bound * y.bound,
                      p * p * y.spread + q * q * x.spread, p * y.common + q * x.common});
  }
  return tracked_sum(detail::combine(parts.data(), 4, n), 1.0);
}

}  // namespace lockstep
