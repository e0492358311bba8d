// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <vector>

#include "suites/training/record.hpp"

namespace lockstep {

/// Says what a rank's time goes into. Phases nest (a collective inside a forward): the inner one interrupts the outer, so
/// every moment counts once. One clock per rank, one thread; all clocks of a process count from the same moment, so that
/// ranks can be laid side by side.
class StepClock {
 public:
  void begin_step();
  /// Closes the step and hands out its timeline.
  StepTimeline end_step();

  void enter(Phase phase);
  void leave();
  /// A reduction that ran beside the phases.
  void add_reduction(double begin, double end);
  /// Seconds since the process first asked.
  double now() const;

 private:
  using Clock = std::chrono::steady_clock;
  void close_span(double at);

  StepTimeline step_;
  std::vector<Phase> open_;
  double span_begin_ = 0;
};

/// A phase for as long as it lives.
class PhaseScope {
 public:
  PhaseScope(StepClock& clock, Phase phase) : clock_(clock) { clock_.enter(phase); }
  ~PhaseScope() { clock_.leave(); }
  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;

 private:
  StepClock& clock_;
};

/// Seconds of a step by phase.
double seconds_of(const StepTimeline& step, Phase phase);

}  // namespace lockstep
