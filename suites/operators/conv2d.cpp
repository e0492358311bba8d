// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> conv2d_problems() {
  ProblemList list("conv2d");
  list.in("smoke")
      .fills({Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=2x4x9x10,weight=6x2x3x2,stride=2x1,padding=1x2,dilation=1x2,groups=2",
           "every parameter away from its default, small enough to judge every element");
  return list.take();
}

}  // namespace lockstep
