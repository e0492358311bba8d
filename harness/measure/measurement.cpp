// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/measurement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lockstep {

std::string_view name_of(MeasurementKind kind) {
  switch (kind) {
    case MeasurementKind::cpu_wall: return "cpu_wall";
    case MeasurementKind::gpu_cold: return "gpu_cold";
    case MeasurementKind::gpu_warm_graph: return "gpu_warm_graph";
    case MeasurementKind::gpu_launch_inclusive: return "gpu_launch_inclusive";
  }
  return "";
}

double median_of(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

Interval median_interval(std::vector<double> values) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const std::size_t n = values.size();
  // Largest k with P(Binomial(n, 1/2) < k) <= 2.5 %: then [x(k), x(n+1-k)], counted from 1, covers the median.
  // The terms are carried as logarithms: 2^-n is no double any more beyond 1074 samples.
  double log_term = -static_cast<double>(n) * std::log(2.0), below = 0;
  std::size_t k = 0;
  while (k < n && below + std::exp(log_term) <= 0.025) {
    below += std::exp(log_term);
    log_term += std::log(static_cast<double>(n - k) / static_cast<double>(k + 1));
    ++k;
  }
  if (k == 0) return {nan, nan};
  std::sort(values.begin(), values.end());
  return {values[k - 1], values[n - k]};
}

}  // namespace lockstep
