// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "suites/training/job.hpp"
#include "suites/training/record.hpp"
#include "suites/training/trainer.hpp"

namespace lockstep {

/// Trains as `slices` ranks of distributed_data_parallel do that have equal parts of the batch, one after the other on one
/// thread: batch norm normalises each slice by its own statistics, gradients are averaged, and running statistics are those
/// of slice 0 alone, which is what broadcasting rank 0's buffers leaves. One slice is one rank on the whole batch, and so
/// SyncBatchNorm over all ranks; ranks / k slices are SyncBatchNorm in groups of k neighbouring ranks.
/// The job's mode and ranks are not looked at; losses are means over the whole batch. `after_step` is told with the trainer
/// at the end of every step and may evaluate; training ends early when it returns false.
/// Throws Error where the rows of a batch are no multiple of `slices`.
TrainingRecord train_in_slices(const TrainingJob& job, int slices,
                               const std::function<bool(Trainer&)>& after_step = {});

}  // namespace lockstep
