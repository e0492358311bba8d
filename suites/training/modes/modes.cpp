// SPDX-License-Identifier: Apache-2.0
#include "suites/training/modes/modes.hpp"

#include "harness/data/error.hpp"

namespace lockstep {

#define MODE(name) const TrainingMode& name##_mode();
#include "suites/training/modes/modes.def"
#undef MODE

const std::vector<TrainingMode>& training_modes() {
  static const std::vector<TrainingMode> modes = {
#define MODE(name) name##_mode(),
#include "suites/training/modes/modes.def"
#undef MODE
  };
  return modes;
}

const TrainingMode& find_mode(const std::string& name) {
  std::string accepted;
  for (const TrainingMode& mode : training_modes()) {
    if (mode.name == name) return mode;
    accepted += (accepted.empty() ? "" : ", ") + mode.name;
  }
  throw Error("unknown training mode '" + name + "'; accepted: " + accepted);
}

TrainingRecord train(const TrainingJob& job) {
  const TrainingMode& mode = find_mode(job.plan.mode);
  if (job.plan.ranks < 1) throw Error(std::to_string(job.plan.ranks) + " ranks; accepted: at least 1");
  if (job.plan.micro_batches < 1)
    throw Error(std::to_string(job.plan.micro_batches) + " micro-batches; accepted: at least 1");
  if (job.steps < 0) throw Error(std::to_string(job.steps) + " steps; accepted: 0 or more");
  const std::int64_t first = job.start ? job.start->step : 0;
  if (job.steps > first) {
    const std::string refusal = mode.refusal(job.plan, job.batch(first).rows());
    if (!refusal.empty()) throw Error("mode " + mode.name + ": " + refusal);
  }
  return mode.run(job);
}

}  // namespace lockstep
