// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "harness/measure/measurement.hpp"

namespace lockstep {

/// Decides when enough samples were taken; see MeasurePolicy. The interval is looked at every eighth sample only, since
/// sorting after each would cost more than a short sample.
class StoppingRule {
 public:
  explicit StoppingRule(const MeasurePolicy& policy) : policy_(policy), start_(std::chrono::steady_clock::now()) {}

  bool wants_more(const std::vector<double>& samples) const {
    const std::size_t n = samples.size();
    if (n < 3) return true;  // whatever it costs: fewer than three say nothing
    const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    if (spent >= policy_.budget_seconds) return false;
    if (n < policy_.least_samples || n % 8 != 0) return true;
    const Interval interval = median_interval(samples);
    return !(interval.high - interval.low <= 2 * policy_.relative_precision * median_of(samples));
  }

 private:
  MeasurePolicy policy_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace lockstep
