// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/fault_power.hpp"

namespace lockstep {

/// Runs the float reference with a memory fault planted behind it, through verify_case as every implementation is: an input
/// overwritten, four bytes written before and behind an output, a result that differs between two launches, a launch that
/// does nothing. Appends one trial each; they apply wherever the reference runs and the tensor they spoil has elements.
void add_memory_faults(const Operator& definition, const Problem& problem, std::uint64_t seed,
                       std::vector<FaultTrial>& trials);

}  // namespace lockstep
