// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "harness/measure/measurement.hpp"

namespace lockstep {

/// Decides when enough samples were taken; see MeasurePolicy. The interval is looked at every eighth sample only, since
/// sorting after each would cost more than a short sample.
class StoppingRule {
 public:
  /// How many budgets the first three samples may take.
  static constexpr double kOverrun = 3;

  explicit StoppingRule(const MeasurePolicy& policy) : policy_(policy), start_(std::chrono::steady_clock::now()) {}

  bool wants_more(const std::vector<double>& samples) const {
    const std::size_t n = samples.size();
    const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    // Fewer than three say little, but statistics are over processes: a call of seconds is not repeated in each of them.
    if (n < 3) return n == 0 || spent < kOverrun * policy_.budget_seconds;
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
