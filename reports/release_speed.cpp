// SPDX-License-Identifier: Apache-2.0
#include "reports/release_speed.hpp"

#include <algorithm>
#include <cmath>

#include "reports/statistics.hpp"

namespace lockstep::reports {
namespace {

constexpr double kAlpha = 0.05;

std::vector<double> log_ratios(const SpeedRow& row) {
  std::vector<double> ratios;
  const std::size_t pairs = std::min(row.candidate_seconds.size(), row.baseline_seconds.size());
  for (std::size_t i = 0; i < pairs; ++i)
    if (row.candidate_seconds[i] > 0 && row.baseline_seconds[i] > 0)
      ratios.push_back(std::log(row.candidate_seconds[i] / row.baseline_seconds[i]));
  return ratios;
}

}  // namespace

void judge_speed(std::vector<SpeedRow>& rows, double allowed_slowdown) {
  std::vector<double> slower, faster;
  for (SpeedRow& row : rows) {
    row.candidate_median = median_of(row.candidate_seconds);
    row.baseline_median = median_of(row.baseline_seconds);
    const std::vector<double> ratios = log_ratios(row);
    std::vector<double> reversed;
    for (const double ratio : ratios) reversed.push_back(-ratio);
    row.ratio = std::exp(median_of(ratios));
    if (const auto interval = median_interval(ratios, kAlpha)) {
      row.ratio_low = std::exp(interval->low);
      row.ratio_high = std::exp(interval->high);
    }
    row.p_value = std::min(1.0, 2 * std::min(sign_test_above(ratios, 0), sign_test_above(reversed, 0)));
    slower.push_back(sign_test_above(ratios, std::log1p(allowed_slowdown)));
    faster.push_back(sign_test_above(reversed, 0));
  }
  // Both questions are put to every row, so both count among the tests.
  std::vector<double> all = slower;
  all.insert(all.end(), faster.begin(), faster.end());
  const std::vector<double> rates = false_discovery_rates(all);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SpeedRow& row = rows[i];
    const bool inside = row.ratio_low >= 1 / (1 + allowed_slowdown) && row.ratio_high <= 1 + allowed_slowdown;
    if (rates[i] <= kAlpha)
      row.verdict = SpeedVerdict::regressed;
    else if (rates[rows.size() + i] <= kAlpha)
      row.verdict = SpeedVerdict::improved;
    else
      row.verdict = inside ? SpeedVerdict::unchanged : SpeedVerdict::inconclusive;
  }
}

}  // namespace lockstep::reports
