// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "suites/training/job.hpp"

namespace lockstep {

/// What <model>/<mode>/mode.json asks for, with the model's beginning and its data.
struct TrainingCase {
  std::filesystem::path folder;
  /// mlp, conv or tfm.
  std::string model;
  TrainingPlan plan;
  std::int64_t steps = 0;
  ModuleState initial;
  /// x [steps, N, ...] floating, y [steps, N, ...] floating or i64.
  Values x, y;
  /// Why Lockstep does not serve the mode; empty where it does.
  std::string not_served;
};

/// Reads a mode's folder. Throws Error with the path when mode.json is missing, is no JSON, lacks family, model or
/// optimizer, or holds a value of the wrong type; when init or data beside the folder are missing or malformed; when the
/// data has no steps or another number of them than mode.json says.
TrainingCase read_training_case(const std::filesystem::path& folder);

/// One step's batch of the case, floating contents rounded to `dtype`.
Batch batch_of(const TrainingCase& item, std::int64_t step, DType dtype);

}  // namespace lockstep
