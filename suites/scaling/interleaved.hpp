// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/measure/measurement.hpp"

namespace lockstep {

/// Seconds of a step (or of what stands in its place) and of the backward in it; 0 where there is none.
struct StepSample {
  double step_seconds = 0, backward_seconds = 0;
};

/// Something that is timed in turn with others.
struct Contender {
  std::string name;
  std::function<StepSample()> run;
};

/// What one contender gave, one sample per repetition, in the order taken.
struct StepSeries {
  std::vector<double> steps, backwards;
  int probes = 0, noisy_probes = 0;

  double median() const { return median_of(steps); }
  double backward() const { return median_of(backwards); }
  /// 95 % interval of the median; NaN below six samples.
  Interval interval() const { return median_interval(steps); }
  /// 95th percentile over median.
  double spread() const;
  /// At most a tenth of the probes found the machine busy, and the spread is at most 2.
  bool quiet() const;
};

/// Every contender once per repetition, every other repetition backwards, so that a machine that slowly changes favours
/// nobody. The machine is probed before and after each run. `proceed` is told the name of the next one; where it returns
/// false the measurement ends with what there is.
std::vector<StepSeries> measure_interleaved(const std::vector<Contender>& contenders, int repetitions,
                                            const std::function<bool(const std::string& next)>& proceed);

/// Weak scaling, the rows of a rank fixed: T(N0) / T(N).
inline double weak_efficiency(double base_seconds, double seconds) { return base_seconds / seconds; }
/// Strong scaling, the rows of the batch fixed: T(N0) N0 / (N T(N)).
inline double strong_efficiency(double base_seconds, int base_ranks, double seconds, int ranks) {
  return base_seconds * base_ranks / (ranks * seconds);
}

}  // namespace lockstep
