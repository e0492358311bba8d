// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "reference/models/model.hpp"
#include "suites/training/plan.hpp"

namespace lockstep {

/// Whether a mode has one rank, which talks to nobody.
inline bool trains_alone(const std::string& mode) { return mode == "single" || mode == "gradient_accumulation"; }

/// A mode with its settings, on a model, with data: one row of the report's table of modes.
struct Scenario {
  TrainingPlan plan;
  std::string model = "mlp";
  /// Rows of the whole batch, and optimiser steps.
  std::int64_t rows = 16, steps = 4;
  std::uint64_t seed = 1;
  /// Of parameters in the timed run.
  DType dtype = DType::f32;

  /// "distributed_data_parallel/model=mlp,ranks=2,rows=16,sync_batch_norm": letters, digits and _.=,/+ only.
  std::string id() const;
  /// Whether the mode is meant to equal one rank on the whole batch: no statistics of parts, equal parts.
  bool equals_one_rank(bool model_has_batch_norm) const;
  bool trains_alone() const { return lockstep::trains_alone(plan.mode); }
  /// The settings beside mode, model, ranks and rows, in words; empty for none.
  std::string options() const;
};

/// A model that a training can be judged on here. Throws Error naming those that can for an unknown one and for one of
/// published size: every run is judged by formulas in double, minutes to hours for a step of such a model.
const ModelDefinition& find_trainable_model(const std::string& name);
/// Their names, separated by commas.
std::string trainable_models();

/// The table that `lockstep train` runs for a model without further options: every mode at the given numbers of ranks,
/// with what can be switched on: SyncBatchNorm where the model has batch norm, accumulation, clipping, lower precision.
/// Ranks for which the batch is too small are left out.
std::vector<Scenario> standard_scenarios(const std::string& model, const std::vector<int>& ranks, std::int64_t rows,
                                         std::int64_t steps, std::uint64_t seed);

}  // namespace lockstep
