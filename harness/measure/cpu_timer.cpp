// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/cpu_timer.hpp"

#include <algorithm>
#include <chrono>

#include "harness/measure/quietness.hpp"
#include "harness/measure/stopping_rule.hpp"

namespace lockstep {
namespace {

constexpr int kWarmUpCalls = 3;

double seconds_of(const std::function<void()>& call, std::int64_t iterations) {
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < iterations; ++i) call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Measurement measure_on_cpu(const std::function<void()>& call, const MeasurePolicy& policy) {
  Measurement measurement;
  measurement.quiet = machine_is_quiet();
  double once = std::max(seconds_of(call, 1), 1e-9);
  for (int k = 1; k < kWarmUpCalls && once < policy.budget_seconds; ++k) once = std::max(seconds_of(call, 1), 1e-9);
  measurement.iterations = std::max<std::int64_t>(1, static_cast<std::int64_t>(policy.sample_seconds / once));
  // A call that outlasts all that may be spent has warmed itself up in its first percents.
  if (once >= StoppingRule::kOverrun * policy.budget_seconds) {
    measurement.samples_seconds.push_back(once);
  } else {
    const StoppingRule rule(policy);
    while (rule.wants_more(measurement.samples_seconds))
      measurement.samples_seconds.push_back(seconds_of(call, measurement.iterations) /
                                            static_cast<double>(measurement.iterations));
  }
  measurement.quiet = machine_is_quiet() && measurement.quiet;
  return measurement;
}

}  // namespace lockstep
