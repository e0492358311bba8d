// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Wrong sums and gradients an implementation of add might give, for the problem's direction.
std::vector<Fault> add_faults(const Problem& problem);

}  // namespace lockstep
