// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/device/device.hpp"
#include "harness/device/gpu_telemetry.hpp"

namespace lockstep {

/// What a time means. cpu_wall: one call on the CPU, inputs warm in cache. gpu_cold: one launch with its inputs evicted from
/// L2. gpu_warm_graph: replay of a CUDA graph over rotating buffers. gpu_launch_inclusive: host time of launch and wait.
enum class MeasurementKind : std::uint8_t { cpu_wall, gpu_cold, gpu_warm_graph, gpu_launch_inclusive };
std::string_view name_of(MeasurementKind kind);

/// Times of one case in one process; raw, since every statistic follows from them.
struct Measurement {
  MeasurementKind kind = MeasurementKind::cpu_wall;
  /// Seconds of one call, in the order taken; each is the mean of `iterations` calls.
  std::vector<double> samples_seconds;
  std::int64_t iterations = 1;
  /// The probes before and after found the machine otherwise idle.
  bool quiet = true;
  std::string note;
  /// The GPU right after the last sample, still warm from it; nothing on the CPU and without NVML.
  std::optional<GpuReading> gpu_state;
};

/// How long to measure. Stops when the 95 % interval of the median is no wider than +-`relative_precision` of it (and at
/// least `least_samples` were taken), or when `budget_seconds` of wall time are spent (but not before three samples, unless these would take
/// three budgets).
struct MeasurePolicy {
  double budget_seconds = 0.5;
  std::size_t least_samples = 10;
  double relative_precision = 0.005;
  /// A sample repeats calls until it lasts this long, so that the clock's resolution does not show.
  double sample_seconds = 200e-6;
};

double median_of(std::vector<double> values);

/// Order-statistic interval of the median with at least 95 % coverage; needs six samples, else both are NaN.
/// Source: binomial(n, 1/2) quantiles, any distribution.
struct Interval {
  double low, high;
};
Interval median_interval(std::vector<double> values);

}  // namespace lockstep
