// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problems.hpp"
#include "suites/operators/sync_batch_norm_problems.hpp"

namespace lockstep {

std::vector<ListedProblem> batch_norm_input_gradient_problems() {
  return sync_batch_norm_problems("batch_norm_input_gradient",
                                  {",count=256",  // a power of two, so that sums of integers stay exact
                                   {{"x=4x3x5x7,affine=false", "no weight"},
                                    {"x=3x5x4x4,count=16777217", "a count that float does not hold"},
                                    {"x=3x5x4x4,count=48", "the only rank that has values"}}});
}

}  // namespace lockstep
