// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problems.hpp"
#include "suites/operators/sync_batch_norm_problems.hpp"

namespace lockstep {

std::vector<ListedProblem> batch_norm_normalize_problems() {
  return sync_batch_norm_problems("batch_norm_normalize", {"", {{"x=4x3x5x7,affine=false", "no weight and bias"}}});
}

}  // namespace lockstep
