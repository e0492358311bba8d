// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "harness/plan/draw_problem.hpp"

namespace lockstep {

/// Parameters that fuzzing tries beyond what an operator's listed problems have: those that none of them gives, and the
/// ends of documented ranges with what lies just beyond. An operator without an entry is fuzzed all the same.
ParameterTokens parameter_limits(std::string_view operator_name);

}  // namespace lockstep
