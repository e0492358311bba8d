// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "harness/autograd/module_state.hpp"
#include "suites/training/job.hpp"

namespace lockstep {

/// What a stretch of a step was spent on.
enum class Phase : std::uint8_t {
  input,  // fetching and cutting the batch
  forward,
  backward,               // includes what overlaps with it
  exposed_communication,  // waiting for gradients after the backward
  sync_batch_norm,        // collectives inside forward and backward
  buffer_broadcast,
  scatter_gather,  // DataParallel: parameters, inputs, outputs and gradients between devices
  clip,
  optimizer
};
inline constexpr std::size_t kPhases = 9;
std::string_view name_of(Phase phase);

/// Values of named tensors.
ModuleState values_of(const std::vector<NamedVariable>& tensors);

/// When a phase ran, in seconds of the clock that all ranks of a process share.
struct PhaseSpan {
  Phase phase = Phase::forward;
  double begin = 0, end = 0;
};

/// A step of one rank in time. Spans do not overlap but for communication on its own thread.
struct StepTimeline {
  double begin = 0, end = 0;
  std::vector<PhaseSpan> spans;
  /// The reductions of this step's buckets, from their start to their completion as the rank saw it.
  std::vector<PhaseSpan> reductions;
};

/// What one rank saw.
struct RankRecord {
  /// Mean loss over the rank's own rows (of the whole batch in modes with one loss), by step.
  std::vector<double> losses;
  /// L2 norm over all parameters of the gradient given to the optimiser, before clipping, by step.
  std::vector<double> gradient_norms;
  /// 64-bit hash of all parameters after each step: ranks that should be equal must have the same.
  std::vector<std::uint64_t> parameter_hashes;
  std::vector<StepTimeline> timelines;
  ModuleState parameters, buffers;
  /// Mean loss in evaluation mode over the rank's rows of the first batch, after the last step; NaN where not asked for.
  double evaluation_loss = std::numeric_limits<double>::quiet_NaN();
  /// Names of the parameters by gradient bucket, in the order of the reduction, as they were in the last step.
  std::vector<std::vector<std::string>> buckets;
  /// Parameters, their gradients, buffers, optimiser state and gradient buckets; on data_parallel's output device the
  /// gathered outputs and their gradients too. 0 on a device that has no part in it.
  std::int64_t tensor_bytes = 0;
  std::int64_t collective_calls = 0, collective_bytes = 0;
  /// Steps that the loss scaler skipped because a gradient was not finite.
  std::int64_t skipped_steps = 0;
};

/// One step as rank 0 saw it: where it began; the gradients given to the optimiser, before clipping; parameters and buffers
/// after it.
struct StepSnapshot {
  TrainingState before;
  ModuleState gradients, parameters, buffers;
};

struct TrainingRecord {
  std::vector<RankRecord> ranks;
  /// By step, where the job keeps it.
  std::vector<StepSnapshot> history;
  /// Where training can go on, from rank 0.
  TrainingState state;
};

}  // namespace lockstep
