// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>

#include "harness/numerics/dual.hpp"
#include "harness/numerics/tracked.hpp"

namespace lockstep {

/// The partial sums S_k that a loop over the terms in their order passes through: sum of S_k and of S_k^2 over the first
/// `terms` of them, looked at after every few.
struct PartialSums {
  double terms = 0, sum = 0, squares = 0;

  /// After how many terms to look: in a short sum each counts, a long one is told by every eighth.
  static constexpr std::int64_t kShort = 64;
  static std::int64_t step(std::int64_t n) { return n < kShort ? 4 : 8; }

  void pass(double reached, double terms_since) {
    terms += terms_since;
    sum += terms_since * reached;
    squares += terms_since * reached * reached;
  }
  /// Goes on with the partial sums of another run of terms, which here begin at `reached`.
  void follow(double reached, const PartialSums& next) {
    terms += next.terms;
    sum += next.sum + next.terms * reached;
    squares += next.squares + 2 * reached * next.sum + next.terms * reached * reached;
  }
};

/// What a sum needs to know of its terms to bound the error of every order of summation.
struct SumStatistics {
  double terms = 0, value = 0, magnitude = 0, squares = 0;  // n, sum t, sum |t|, sum t^2
  double bound = 0, spread = 0, common = 0;                 // carried errors of the terms
  PartialSums passed = {};                                  // empty where nobody looked
};

/// Sum of terms with these statistics under the contract in force: bound gamma_h sum|t| (Higham 2002, section 4.2), rms of
/// the partial sums' roundings for P partial sums of n/P terms and a tree (notes in PrecisionContract).
/// Where nothing is known of the order (P = 1) the rms is at least that of adding the terms one after another, forwards or
/// backwards, from the partial sums they really pass through: those of terms with alternating signs are a random walk,
/// which strays, and a mean over all walks would leave errors of 7 rms where the walk of one element strayed far.
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

/// Statistics of term(0) .. term(n-1). Four lanes, for short dependency chains.
template <class Term>
SumStatistics statistics_of(std::int64_t n, Term term) {
  std::array<SumStatistics, 4> parts{};
  PartialSums passed;
  const std::int64_t step = PartialSums::step(n);
  std::int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (std::int64_t lane = 0; lane < 4; ++lane)
      detail::add_term(parts[static_cast<std::size_t>(lane)], term(i + lane));
    if ((i + 4) % step == 0)
      passed.pass((parts[0].value + parts[1].value) + (parts[2].value + parts[3].value), static_cast<double>(step));
  }
  for (; i < n; ++i) detail::add_term(parts[0], term(i));
  SumStatistics all = detail::combine(parts.data(), 4, n);
  if (n > step) passed.pass(all.value, static_cast<double>(n % step));
  all.passed = passed;
  return all;
}

template <class T, class Term>
requires std::same_as<T, Tracked> Tracked sum(std::int64_t n, Term term) {
  return tracked_sum(statistics_of(n, term), 0.0);
}

/// Order-free sum of a(k) * b(k), k in [0, n).
template <class T, class A, class B>
T dot(std::int64_t n, A a, B b) {
  return sum<T>(n, [&](std::int64_t k) { return a(k) * b(k); });
}

/// Tracked: the products' own roundings belong to the contract of the dot product, not to each term.
template <class T, class A, class B>
requires std::same_as<T, Tracked> Tracked dot(std::int64_t n, A a, B b) {
  const auto product = [&](std::int64_t k) -> Tracked {
    const Tracked x = a(k), y = b(k);
    const double p = std::abs(x.value), q = std::abs(y.value);
    return underflowed({x.value * y.value, p * y.bound + q * x.bound + x.bound * y.bound,
                        p * p * y.spread + q * q * x.spread, p * y.common + q * x.common});
  };
  return tracked_sum(statistics_of(n, product), 1.0);
}

}  // namespace lockstep
