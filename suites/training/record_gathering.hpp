// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/communicator/communicator.hpp"
#include "suites/training/record.hpp"

namespace lockstep {

/// Brings what every rank put into its own process's record to rank 0: each rank's place, and history and state from the
/// rank that has them. `record` has a place for every rank, and other ranks' records keep what they had. All ranks call
/// it together; buffers of `ranks` lie on the host.
void gather_records(Communicator& ranks, TrainingRecord& record);

}  // namespace lockstep
