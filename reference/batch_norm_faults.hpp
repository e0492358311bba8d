// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// The wrong answers a batch normalisation is known to give, for the problem's direction. Each says on which problems
/// it cannot occur by giving no evaluator there.
std::vector<Fault> batch_norm_faults(const Problem& problem);

}  // namespace lockstep
