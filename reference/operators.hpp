// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

// Declares `const Operator& <name>_operator()` for every operator of the list; each is defined in reference/<name>.cpp.
namespace lockstep {
#define OPERATOR(name) const Operator& name##_operator();
#include "reference/operators.def"
#undef OPERATOR
}  // namespace lockstep
