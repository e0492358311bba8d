// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/communicator/communicator.hpp"
#include "reference/models/batch_norm_layer.hpp"
#include "suites/training/plan.hpp"
#include "suites/training/step_clock.hpp"

namespace lockstep {

/// Gives every batch norm of the model statistics over all ranks in training, as
/// torch.nn.SyncBatchNorm.convert_sync_batchnorm does; returns how many layers that are. Forward: one all_gather of mean,
/// M2 and count, merged in rank order; backward: one all_reduce of two sums per channel. Evaluation communicates nothing.
/// Communicator and clock are borrowed and outlive the model's use. Both may be called from this rank's thread only.
int synchronise_batch_norms(Module& model, Communicator& communicator, StepClock& clock,
                            TrainingFault fault = TrainingFault::none);

}  // namespace lockstep
