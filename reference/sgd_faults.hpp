// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Wrong steps an implementation of sgd might take.
std::vector<Fault> sgd_faults(const Problem& problem);

}  // namespace lockstep
