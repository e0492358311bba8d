// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/float_moments.hpp"

#include "harness/numerics/exact_terms.hpp"

#ifdef __FAST_MATH__
#error "numerics must not be compiled with fast-math: NaN comparisons would be removed"
#endif

namespace lockstep {
namespace {

double squared_deviations(const FloatRuns& x, double mean) {
  Lanes low{}, high{};
  double rest = 0;
  for (std::int64_t run = 0; run < x.runs; ++run) {
    const float* values = x.run(run);
    std::int64_t i = 0;
    for (; i + 2 * kLanes <= x.length; i += 2 * kLanes) {
      const Lanes a = load_lanes(values + i) - mean, b = load_lanes(values + i + kLanes) - mean;
      low += a * a;
      high += b * b;
    }
    for (; i < x.length; ++i) {
      const double deviation = static_cast<double>(values[i]) - mean;
      rest += deviation * deviation;
    }
  }
  return total(low + high) + rest;
}

}  // namespace

SumStatistics statistics_of(const FloatRuns& x) {
  const std::int64_t grouped = grouped_terms(x.count(), x.length);
  ExactTerms terms;
  for (std::int64_t run = 0; run < x.runs; ++run) {
    const float* values = x.run(run);
    std::int64_t i = 0;
    for (; i < grouped; i += ExactTerms::kGroup) terms.add(load_lanes(values + i), load_lanes(values + i + kLanes));
    for (; i < x.length; ++i) terms.add(static_cast<double>(values[i]));
  }
  return terms.statistics();
}

Moments<Tracked> moments(const FloatRuns& x) {
  const SumStatistics all = statistics_of(x);
  const auto n = static_cast<double>(x.count());
  const double distinct = distinct_values(
      x.count(), [&x](std::int64_t i) { return static_cast<double>(x.run(i / x.length)[i % x.length]); });
  return tracked_moments(all, squared_deviations(x, all.value / n) / n, distinct);
}

}  // namespace lockstep
