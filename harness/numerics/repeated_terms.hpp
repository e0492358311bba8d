// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

#include "harness/numerics/moments.hpp"

namespace lockstep {

/// How many additions of a sum of term(0) .. term(n-1) repeat one another: h / k for the h that find the partial sum in its
/// last exponent, half of those that add something, and k different terms among them, weighed by their shares. From a sample
/// of 64; 0 where it holds no two terms alike, and where there is nothing to add.
template <class Term>
double repeated_additions(std::int64_t n, Term term) {
  double looked_at = 0, not_zero = 0;
  const double distinct = distinct_values(n, [&](std::int64_t i) {
    const double value = term(i);
    looked_at += 1;
    not_zero += value != 0;
    // Adding 0 errs by nothing, so zeros are not alike: NaN is equal to nothing.
    return value == 0 ? std::numeric_limits<double>::quiet_NaN() : value;
  });
  if (not_zero == 0) return 0;
  // Among the terms that are not 0 there are (not_zero / looked_at)^2 as many different ones.
  return static_cast<double>(n) * looked_at / (2 * distinct * not_zero);
}

/// As sum, for terms of which many may be equal, as those of images are. Adding equal terms errs by equal amounts as long as
/// the partial sum's exponent stays, so these errors add up instead of averaging out: where h additions repeat k terms,
/// their variance is 1 + h / k times that of additions that err independently. The bound is that of sum.
template <class T, class Term>
T sum_of_repeated(std::int64_t n, Term term) {
  return sum<T>(n, term);
}

template <class T, class Term>
requires std::same_as<T, Tracked> Tracked sum_of_repeated(std::int64_t n, Term term) {
  const SumStatistics statistics = statistics_of(n, term);
  Tracked total = tracked_sum(statistics, 0.0);
  const double of_additions = total.spread - statistics.spread;
  total.spread += of_additions * repeated_additions(n, [&term](std::int64_t i) { return term(i).value; });
  return total;
}

}  // namespace lockstep
