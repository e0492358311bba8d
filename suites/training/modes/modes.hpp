// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "suites/training/record.hpp"

namespace lockstep {

/// A way of training as a schedule of operators and collectives.
struct TrainingMode {
  /// Also the family in a training case.
  std::string name, description;
  /// Why the plan cannot be run in this mode, in one line; empty where it can. `rows`: of a batch.
  std::string (*refusal)(const TrainingPlan& plan, std::int64_t rows);
  /// Trains. Throws Error naming rank, step and collective where a rank fails or does not arrive in time.
  TrainingRecord (*run)(const TrainingJob& job);
};

const std::vector<TrainingMode>& training_modes();
/// Throws Error naming the modes that exist.
const TrainingMode& find_mode(const std::string& name);

/// Finds the mode of the job's plan, checks the plan against it, and trains. Throws Error for a plan that does not fit.
TrainingRecord train(const TrainingJob& job);

}  // namespace lockstep
