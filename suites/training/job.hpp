// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "harness/autograd/executor.hpp"
#include "harness/communicator/communicator.hpp"
#include "reference/models/model.hpp"
#include "suites/training/plan.hpp"

namespace lockstep {

/// One step's whole batch. x [N, ...], floating; y [N, ...] floating or class numbers i64 [N].
struct Batch {
  Values x, y;
  std::int64_t rows() const { return x.shape().at(0); }
};

/// Everything that training carries from one step to the next; independent of mode and world size.
struct TrainingState {
  ModuleState model;
  /// Optimiser's tensors by "<tensor>.<parameter>": momentum_buffer.w1, exp_avg.w1, step (a scalar) ...
  ModuleState optimizer;
  std::int64_t step = 0;
  double loss_scale = 0.0;
  std::int64_t steps_since_growth = 0;
};

class RankLauncher;

/// Wraps a rank's communicator before it is used (a modelled link, planted faults); may return the one it was given.
using WrapCommunicator = std::function<std::unique_ptr<Communicator>(Communicator&)>;

/// What to train and for how long.
struct TrainingJob {
  TrainingPlan plan;
  std::function<std::unique_ptr<Model>()> make_model;
  /// The whole batch of a step, the same on every rank that asks. Called from several threads at once.
  std::function<Batch(std::int64_t step)> batch;
  std::int64_t steps = 1;
  /// One executor per rank.
  std::function<std::unique_ptr<Executor>()> make_executor = [] { return std::make_unique<ReferenceExecutor>(); };
  /// Where training goes on; without it the model's own beginning.
  std::optional<TrainingState> start;
  /// Keep every step's gradients, parameters and buffers in the record (rank 0).
  bool keeps_history = false;
  WrapCommunicator wrap_communicator;
  /// Where the ranks live, borrowed; null: threads of this process.
  RankLauncher* launcher = nullptr;
  /// Given the state between two steps, behind every steps_between_states of them (0: never), on one rank's thread.
  std::function<void(const TrainingState&)> take_state;
  std::int64_t steps_between_states = 0;
  /// Told after every step of rank 0.
  std::function<void(std::int64_t step, double loss)> progress;
};

}  // namespace lockstep
