// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "suites/replay/case_problem.hpp"

namespace lockstep {

/// Every output of a case under the case's names: those of the forward, and of the backward where the case gives output
/// gradients. A direction that `compute` does not serve adds its reason to not_served; the other is computed all the
/// same. Throws what `compute` throws, and Error where a block's case is malformed.
OperatorRun run_case(const CaseProblem& item, const CaseDescription& description, const ComputeProblem& compute);

}  // namespace lockstep
