// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace lockstep::reports {
namespace {

// Largest rank r (from 1) whose order statistic lies beyond the median with probability at most `tail`; 0: none does.
int bounding_rank(int count, double tail) {
  int rank = 0;
  while (rank < count && fair_binomial_tail(count, rank) <= tail) ++rank;
  return rank;
}

}  // namespace

double fair_binomial_tail(int trials, int successes) {
  if (successes < 0) return 0;
  if (successes >= trials) return 1;
  double sum = 0;
  for (int k = 0; k <= successes; ++k) {
    const double log_choose = std::lgamma(trials + 1.0) - std::lgamma(k + 1.0) - std::lgamma(trials - k + 1.0);
    sum += std::exp(log_choose - trials * std::log(2.0));
  }
  return std::min(sum, 1.0);
}

double median_of(std::vector<double> samples) {
  if (samples.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(samples.begin(), samples.end());
  const std::size_t half = samples.size() / 2;
  return samples.size() % 2 == 1 ? samples[half] : (samples[half - 1] + samples[half]) / 2;
}

std::optional<Interval> median_interval(std::vector<double> samples, double alpha) {
  const int rank = bounding_rank(static_cast<int>(samples.size()), alpha / 2);
  if (rank == 0) return std::nullopt;
  std::sort(samples.begin(), samples.end());
  return Interval{.low = samples[static_cast<std::size_t>(rank - 1)],
                  .high = samples[samples.size() - static_cast<std::size_t>(rank)]};
}

double sign_test_above(const std::vector<double>& differences, double margin) {
  int below = 0, above = 0;
  for (const double difference : differences) {
    // A tie speaks for the hypothesis under test.
    ++(difference > margin ? above : below);
  }
  return fair_binomial_tail(below + above, below);
}

double median_shift_above(std::vector<double> baseline, std::vector<double> current, double margin) {
  std::sort(baseline.begin(), baseline.end());
  std::sort(current.begin(), current.end());
  const int baseline_count = static_cast<int>(baseline.size());
  const int current_count = static_cast<int>(current.size());
  // The bounds can only move where one of the two tails has a step; both move together, which keeps the family nested
  // and the p-value honest (choosing the two ranks freely would search among many tests).
  std::vector<double> tails;
  for (const int count : {baseline_count, current_count}) {
    for (int k = 0; k < count; ++k) {
      const double tail = fair_binomial_tail(count, k);
      if (tail > 0.5) break;
      tails.push_back(tail);
    }
  }
  std::sort(tails.begin(), tails.end());
  for (const double tail : tails) {
    const int upper = bounding_rank(baseline_count, tail);
    const int lower = bounding_rank(current_count, tail);
    if (upper == 0 || lower == 0) continue;
    const double baseline_high = baseline[baseline.size() - static_cast<std::size_t>(upper)];
    const double current_low = current[static_cast<std::size_t>(lower - 1)];
    if (current_low > baseline_high + margin) return std::min(1.0, 2 * tail);
  }
  return 1;
}

std::optional<Interval> median_difference_interval(const std::vector<double>& baseline,
                                                   const std::vector<double>& current, double alpha) {
  const std::optional<Interval> before = median_interval(baseline, alpha / 2);
  const std::optional<Interval> after = median_interval(current, alpha / 2);
  if (!before || !after) return std::nullopt;
  return Interval{.low = after->low - before->high, .high = after->high - before->low};
}

std::vector<double> false_discovery_rates(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t left, std::size_t right) { return p_values[left] < p_values[right]; });
  std::vector<double> rates(p_values.size());
  double smallest = 1;
  for (std::size_t position = order.size(); position-- > 0;) {
    const double scaled =
        p_values[order[position]] * static_cast<double>(order.size()) / static_cast<double>(position + 1);
    smallest = std::min(smallest, scaled);
    rates[order[position]] = smallest;
  }
  return rates;
}

}  // namespace lockstep::reports
