// SPDX-License-Identifier: Apache-2.0
#include "suites/training/step_clock.hpp"

#include <utility>

namespace lockstep {

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::input: return "input";
    case Phase::forward: return "forward";
    case Phase::backward: return "backward";
    case Phase::exposed_communication: return "exposed_communication";
    case Phase::sync_batch_norm: return "sync_batch_norm";
    case Phase::buffer_broadcast: return "buffer_broadcast";
    case Phase::scatter_gather: return "scatter_gather";
    case Phase::clip: return "clip";
    case Phase::optimizer: return "optimizer";
  }
  return "";
}

double StepClock::now() const {
  static const Clock::time_point start = Clock::now();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void StepClock::begin_step() {
  step_ = {};
  step_.begin = now();
}

StepTimeline StepClock::end_step() {
  step_.end = now();
  return std::exchange(step_, {});
}

void StepClock::close_span(double at) {
  if (!open_.empty() && at > span_begin_) step_.spans.push_back({open_.back(), span_begin_, at});
  span_begin_ = at;
}

void StepClock::enter(Phase phase) {
  close_span(now());
  open_.push_back(phase);
}

void StepClock::leave() {
  close_span(now());
  open_.pop_back();
}

void StepClock::add_reduction(double begin, double end) {
  step_.reductions.push_back({Phase::exposed_communication, begin, end});
}

double seconds_of(const StepTimeline& step, Phase phase) {
  double seconds = 0;
  for (const PhaseSpan& span : step.spans)
    if (span.phase == phase) seconds += span.end - span.begin;
  return seconds;
}

}  // namespace lockstep
