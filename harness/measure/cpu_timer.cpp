// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/cpu_timer.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "harness/data/random.hpp"
#include "harness/measure/stopping_rule.hpp"

namespace lockstep {
namespace {

constexpr int kWarmUpCalls = 3;

double seconds_of(const std::function<void()>& call, std::int64_t iterations) {
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < iterations; ++i) call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A chain of dependent multiplications: its time depends on the core's clock and on being left alone, not on memory.
double probe_seconds() {
  volatile std::uint64_t sink = 0;
  return seconds_of(
      [&sink] {
        std::uint64_t state = 1;
        for (int i = 0; i < 20000; ++i) state = mix64(state);
        sink = state;
      },
      1);
}

}  // namespace

bool machine_is_quiet() {
  static double best = std::numeric_limits<double>::infinity();
  double now = std::numeric_limits<double>::infinity();
  for (int attempt = 0; attempt < 5; ++attempt) now = std::min(now, probe_seconds());
  best = std::min(best, now);
  return now <= 1.1 * best;
}

Measurement measure_on_cpu(const std::function<void()>& call, const MeasurePolicy& policy) {
  Measurement measurement;
  measurement.quiet = machine_is_quiet();
  double once = std::max(seconds_of(call, 1), 1e-9);
  for (int k = 1; k < kWarmUpCalls && once < policy.budget_seconds; ++k) once = std::max(seconds_of(call, 1), 1e-9);
  measurement.iterations = std::max<std::int64_t>(1, static_cast<std::int64_t>(policy.sample_seconds / once));
  const StoppingRule rule(policy);
  while (rule.wants_more(measurement.samples_seconds))
    measurement.samples_seconds.push_back(seconds_of(call, measurement.iterations) /
                                          static_cast<double>(measurement.iterations));
  measurement.quiet = machine_is_quiet() && measurement.quiet;
  return measurement;
}

}  // namespace lockstep
