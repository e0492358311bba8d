// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/implementation.hpp"

// Declares `std::vector<Implementation> <name>_implementations()` for every operator; defined in kernels/<name>/list.cpp.
// The float reference is not among them: it is added for every operator where the catalogue is made.
namespace lockstep {
#define OPERATOR(name) std::vector<Implementation> name##_implementations();
#include "reference/operators.def"
#undef OPERATOR
}  // namespace lockstep
