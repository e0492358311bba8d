// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/fault_power.hpp"
#include "harness/plan/implementation.hpp"

namespace lockstep {

/// Plants faults of synchronisation into an implementation's own kernels under the emulator, one place of their source at a
/// time, and runs each through verify_case as the right kernels are:
///   barrier_removed  a __syncthreads is missing, where that changes a result, or ends a launch with a report, in one of eight
///                    orders of the threads (a barrier that only a second round of a loop needs changes nothing in the
///                    first). Not tried where different launches may give different bits anyway;
///   lane_absent      a lane does not come to a shuffle, vote or __syncwarp that names it.
/// Appends a trial for each place where the fault is one. `device` is an emulated one; an implementation that does not support
/// the problem there adds nothing.
void add_kernel_faults(const Operator& definition, const Implementation& implementation, const Problem& problem,
                       Device& device, std::uint64_t seed, std::vector<FaultTrial>& trials);

}  // namespace lockstep
