// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "suites/training/agreement.hpp"

namespace lockstep {

/// A fault of parallel training with a run in which it shows.
struct TrainingFaultCase {
  TrainingFault fault = TrainingFault::none;
  std::string id, description;
  std::string model;
  TrainingPlan plan;
  std::int64_t rows = 8, steps = 3;
};

/// Every fault of TrainingFault, each once.
const std::vector<TrainingFaultCase>& training_fault_cases();

struct TrainingFaultTrial {
  bool caught = false;
  /// By which number or error.
  std::string by;
  /// Whether the same run without the fault agrees; a check that cries always is no check.
  bool healthy_run_agrees = false;
  std::string healthy_difference;
};

/// Trains with the fault and without it, in double, and compares each with what the mode must give.
TrainingFaultTrial try_training_fault(const TrainingFaultCase& planted);

}  // namespace lockstep
