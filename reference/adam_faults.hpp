// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Wrong steps an implementation of adam might take.
std::vector<Fault> adam_faults(const Problem& problem);
/// Those that 16 bits cannot show.
std::vector<Equivalence> adam_equivalences();

}  // namespace lockstep
