// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> clip_grad_value_problems() {
  ProblemList list("clip_grad_value", {Direction::forward});
  list.in("smoke")
      .fills({Fill::normal, Fill::exact, Fill::adversarial, Fill::special})
      .add("grad0=61x33,grad1=61,clip_value=0.3", "a linear layer's weight and bias")
      .fills({Fill::normal})
      .add("grad0=1000x257,clip_value=1", "a quarter of a million elements");

  list.in("edges")
      .add("grad0=1,clip_value=0.5", "one element")
      .add("grad0=scalar,grad1=0x3,grad2=7,clip_value=0.5", "no axis, no element, less than a pack")
      .fills({Fill::normal, Fill::special})
      .add("grad0=33,grad2=8191,clip_value=0.5", "a parameter without gradient between two")
      .fills({Fill::normal})
      .add("grad0=33,clip_value=0", "everything is clipped")
      .add("grad0=33,clip_value=_0.5", "a negative bound is the result")
      .layouts({Layout::unaligned})
      .add("grad0=1031,grad1=5,clip_value=0.5", "slices of a flat bucket")
      .layouts({Layout::channels_last})
      .add("grad0=8x12x3x3,clip_value=0.5", "a convolution's weight, channels innermost");

  list.in("models").add("grad0=512x512x3x3,grad1=512,grad2=512,clip_value=1",
                        "ResNet-50 conv5_x 3x3 with its norm (He et al. 2015, arXiv 1512.03385, table 1)");
  return list.take();
}

}  // namespace lockstep
