// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/case.hpp"

// Declares `std::vector<ListedProblem> <name>_problems()` for every operator; defined in suites/operators/<name>.cpp.
namespace lockstep {
#define OPERATOR(name) std::vector<ListedProblem> name##_problems();
#include "reference/operators.def"
#undef OPERATOR

/// Every operator with its implementations (the float reference first) and problems.
const Catalogue& catalogue();

}  // namespace lockstep
