// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// For the tests of the autograd, which knows no operator: y = a^2 b, with d_a = 2 a b g and d_b = a^2 g. Shapes: all [*].
const Operator& square_product_operator();

}  // namespace lockstep
