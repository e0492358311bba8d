// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "suites/training/gradient_clipping.hpp"
#include "suites/training/loss_scaler.hpp"
#include "suites/training/optimizer.hpp"
#include "suites/training/record.hpp"
#include "suites/training/step_clock.hpp"

namespace lockstep {

/// What every mode has on every rank: a model, the autograd that runs it, an optimiser, a clock, and the end of a step,
/// from finished gradients to new parameters.
class Trainer {
 public:
  explicit Trainer(const TrainingJob& job);

  /// Everything behind the gradients: takes the loss scale out, measures their norm, clips, steps, clears, hashes.
  void finish_step(double loss);
  /// Evaluates nothing and steps nothing: a rank whose parameters another rank moves.
  void finish_idle_step(double loss);
  /// Between steps, on the rank whose state tells the whole run: gives the state to the job where it wants one now.
  void offer_state() const;

  /// Notes the mean loss on a batch in evaluation mode.
  void evaluate(const Batch& batch);
  /// The record of this rank, after the last step.
  RankRecord take_record();
  TrainingState state() const;

  const TrainingJob& job;
  std::unique_ptr<Executor> executor;
  Autograd autograd;
  std::unique_ptr<Model> model;
  std::vector<NamedVariable> parameters;
  Optimizer optimizer;
  LossScaler scaler;
  StepClock clock;
  RankRecord record;
  std::vector<StepSnapshot> history;
  ModuleState buffers_before;  // of the step that runs
  std::int64_t step = 0;
};

/// Order matters, contents too: a hash of all parameters.
std::uint64_t hash_of(const std::vector<NamedVariable>& parameters);

}  // namespace lockstep
