// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> sgd_problems() {
  ProblemList list("sgd", {Direction::forward});
  list.in("smoke")
      .fills({Fill::normal, Fill::exact, Fill::adversarial, Fill::special})
      .add("grad=61x33,lr=0.1,momentum=0.9,weight_decay=0.0001", "ResNet's parameters (arXiv 1512.03385, section 3.4)")
      .add("grad=61x33,lr=0.5,momentum=0.25,weight_decay=0.125,nesterov=true", "factors that are powers of two")
      .fills({Fill::normal})
      .add("grad=1000x257,lr=0.1,momentum=0.9,weight_decay=0.0001", "a quarter of a million parameters");

  list.in("edges")
      .add("grad=1,lr=0.1", "one element, no state")
      .add("grad=scalar,lr=0.1,momentum=0.9", "no axis at all")
      .add("grad=0x3,lr=0.1,momentum=0.9", "no element")
      .add("grad=7,lr=0.1,momentum=0.9", "fewer elements than a pack")
      .add("grad=31,lr=0.1,momentum=0.9,first_step=true", "the first step: the buffer is the gradient")
      .add("grad=33,lr=0.1,momentum=0.8,dampening=0.5,weight_decay=0.1,first_step=true",
           "dampening spares the first step")
      .add("grad=1025,lr=0.1,momentum=0.8,dampening=0.5,weight_decay=0.1", "dampening")
      .add("grad=8191,lr=0.1,momentum=0.9,weight_decay=0.05,nesterov=true", "a prime, Nesterov")
      .add("grad=127,lr=0.1,momentum=0.9,weight_decay=0.05,nesterov=true,first_step=true", "Nesterov's first step")
      .add("grad=513,lr=0.1,weight_decay=0.1,maximize=true", "ascent without momentum: the decay is not negated")
      .add("grad=513,lr=0.1,momentum=0.9,weight_decay=0.1,maximize=true", "ascent: the decay is not negated")
      .add("grad=65,lr=0,momentum=1,dampening=1", "rate 0, nothing of the gradient")
      .layouts({Layout::unaligned})
      .add("grad=1031,lr=0.1", "a slice of a flat bucket")
      .add("grad=1031,lr=0.1,momentum=0.9,weight_decay=0.05,nesterov=true", "a slice of a flat bucket with its state")
      .layouts({Layout::channels_last})
      .add("grad=8x12x3x3,lr=0.1,momentum=0.9", "a convolution's weight, channels innermost");

  list.in("models")
      .add("grad=64x3x7x7,lr=0.1,momentum=0.9,weight_decay=0.0001",
           "ResNet-50 conv1 (He et al. 2015, arXiv 1512.03385, table 1 and section 3.4)")
      .add("grad=512x512x3x3,lr=0.1,momentum=0.9,weight_decay=0.0001",
           "ResNet-50 conv5_x 3x3 (He et al. 2015, arXiv 1512.03385, table 1 and section 3.4)")
      .add("grad=1000x2048,lr=0.1,momentum=0.9,weight_decay=0.0001",
           "ResNet-50 classifier (He et al. 2015, arXiv 1512.03385, table 1 and section 3.4)")
      .add("grad=1000x1024,lr=0.5,momentum=0.9,weight_decay=4e_05",
           "ShuffleNet v2 classifier (Ma et al. 2018, arXiv 1807.11164, table 5; rate and decay of arXiv 1707.01083)");
  return list.take();
}

}  // namespace lockstep
