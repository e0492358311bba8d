// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Wrong steps an implementation of adam might take.
std::vector<Fault> adam_faults(const Problem& problem);

}  // namespace lockstep
