// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Wrong clippings an implementation of clip_grad_norm might give.
std::vector<Fault> clip_grad_norm_faults(const Problem& problem);

}  // namespace lockstep
