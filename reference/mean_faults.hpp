// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Declared faults of mean: wrong divisors, terms left out, axes confused.
std::vector<Fault> mean_faults();

/// The formula in double on other parameters; defined with the formulas.
std::unique_ptr<Evaluator<double>> mean_as(const Problem& changed, const std::vector<Values>& inputs);

}  // namespace lockstep
