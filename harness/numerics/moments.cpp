// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/moments.hpp"

#include <algorithm>
#include <cmath>

#ifdef __FAST_MATH__
#error "numerics must not be compiled with fast-math: NaN comparisons would be removed"
#endif

namespace lockstep {
namespace {

double gamma(double k, double u) { return k * u / std::max(1.0 - k * u, 0.5); }

struct VarianceError {
  double bound, rms;
};

VarianceError variance_error(const PrecisionContract& contract, double depth, double mean, double variance,
                             double distinct, const Tracked& mean_error) {
  const double u = contract.roundoff(), typical = kRoundingRms * u;
  const double mean_square = variance + mean * mean, delta = mean_error.bound;
  const auto additions = [distinct](double count) { return std::sqrt(count + count * count / distinct); };
  switch (contract.variance) {
    case VarianceAlgorithm::two_pass: {
      // rms: rounding of each squared deviation averages out, the sum's own roundings act on positive partial sums.
      const double rms = typical * additions(depth + 4) * variance + mean_error.rms() * mean_error.rms();
      return {gamma(depth + 4, u) * (variance + delta * delta) + delta * delta, rms};
    }
    case VarianceAlgorithm::welford: {
      const double condition = variance > 0 ? std::sqrt(mean_square / variance) : 0.0;
      return {2 * gamma(depth + 3, u) * condition * variance + delta * delta,
              typical * additions(depth + 3) * condition * variance + mean_error.rms() * mean_error.rms()};
    }
    case VarianceAlgorithm::one_pass:
      return {gamma(3 * depth + 5, u) * mean_square, typical * additions(3 * depth + 5) * mean_square};
  }
  return {0, 0};
}

}  // namespace

Moments<Tracked> tracked_moments(const SumStatistics& statistics, double variance, double distinct) {
  const PrecisionContract& contract = current_contract();
  const double n = statistics.terms;
  const Tracked total = tracked_sum(statistics, 0.0);
  const double mean = total.value / n;
  const double division = current_roundoff() * std::abs(mean);
  const Tracked mean_tracked{mean, total.bound / n + division,
                             total.spread / (n * n) + kRoundingRms * kRoundingRms * division * division,
                             total.common / n};
  const VarianceError error = variance_error(contract, contract.depth(n), mean, variance, distinct, mean_tracked);
  return {mean_tracked, {variance, error.bound, error.rms * error.rms, 0.0}};
}

Tracked inverse_deviation(const Tracked& variance, double eps) {
  if (std::isinf(variance.value)) return 0.0;
  Tracked result = rsqrt(variance + Tracked(eps));
  if (!(eps > 0)) return result;
  // The sum with eps rounds once, downwards at worst, which raises its root's inverse by half of that.
  const double u = current_roundoff();
  const double largest =
      (1 + current_contract().function_error(current_contract().rsqrt_ulp)) * (1 + u) / std::sqrt(eps);
  result.bound = std::fmin(result.bound, std::fmax(largest - result.value, result.value));
  return result;
}

}  // namespace lockstep
