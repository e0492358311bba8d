// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/case.hpp"

namespace lockstep {

/// "reference.plain_float": an operator's formula in float on the CPU, element by element. The same-precision peer that
/// every operator has on every machine. The operator outlives the implementation.
Implementation reference_implementation(const Operator& definition, Direction direction);

/// Both directions.
std::vector<Implementation> reference_implementations(const Operator& definition);

}  // namespace lockstep
