// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// How far a hand-written backward is from the derivative of the forward, along one random direction v of all inputs:
/// compares <g, J v>, J v from the forward in Dual arithmetic, with <J^T g, v> from the backward in double. Exact
/// arithmetic would give 0; the return value is the difference over the sum of the magnitudes of both sides' terms.
/// `backward` is a problem of direction backward; its dtype is taken as f64.
double gradient_discrepancy(const Operator& definition, Problem backward, std::uint64_t seed);

/// The same for second derivatives: the derivative of <J^T g, v> along a direction w, once through the backward in Dual
/// arithmetic and once through the forward in Dual<Dual> arithmetic.
double second_gradient_discrepancy(const Operator& definition, Problem backward, std::uint64_t seed);

}  // namespace lockstep
