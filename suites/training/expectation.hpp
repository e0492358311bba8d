// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "suites/training/record.hpp"

namespace lockstep {

/// What a mode must give, computed on one rank by the mode's formula, part by part in one loop: no threads, no collectives,
/// no buckets, no hooks. It shares operators, models and the optimiser with the modes, and none of their schedule.
///
///   single, gradient_accumulation: gradient = sum over micro-batches of weight_i grad_i
///   distributed_data_parallel: gradient = mean over ranks of each rank's; each rank normalises its own rows, or with
///     SyncBatchNorm all ranks' rows together; running statistics are rank 0's at the beginning of each step where they
///     are broadcast, else each rank's own
///   data_parallel: gradient of the loss over all outputs; each chunk is normalised on its own; the first one's running
///     statistics survive
///
/// The plan's fault is ignored. The record holds one rank's series per rank and rank 0's history.
TrainingRecord expected_training(const TrainingJob& job);

}  // namespace lockstep
