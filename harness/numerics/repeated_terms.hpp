// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <utility>
#include <vector>

#include "harness/numerics/sum.hpp"

namespace lockstep {

/// How many additions of a sum repeat one another: h / k for the h that find the partial sum in its last exponent, half of
/// those that add something, and k different terms among them, weighed by their shares. `sampled`: terms spread over all n.
/// Terms count as alike, and as nothing, within `resolution`; 0 where no two are alike.
double repeated_additions(std::int64_t n, std::vector<double> sampled, double resolution);

/// As sum, for terms of which many may be equal, as those of images are. Adding equal terms errs by equal amounts as long as
/// the partial sum's exponent stays, so these errors add up instead of averaging out: where h additions repeat k terms,
/// their variance is 1 + h / k times that of additions that err independently. Terms that differ by less than a 256th of the
/// sum's roundoff round alike. The bound is that of sum.
template <class T, class Term>
T sum_of_repeated(std::int64_t n, Term term) {
  return sum<T>(n, term);
}

template <class T, class Term>
requires std::same_as<T, Tracked> Tracked sum_of_repeated(std::int64_t n, Term term) {
  const SumStatistics statistics = statistics_of(n, term);
  Tracked total = tracked_sum(statistics, 0.0);
  const std::int64_t count = std::min<std::int64_t>(n, n < 4096 ? 64 : 256);
  std::vector<double> sampled;
  for (std::int64_t i = 0; i < count; ++i) sampled.push_back(term(i * n / count).value);
  const double of_additions = total.spread - statistics.spread, roundoff = current_roundoff() * std::abs(total.value);
  total.spread += of_additions * repeated_additions(n, std::move(sampled), roundoff / 256);
  return total;
}

}  // namespace lockstep
