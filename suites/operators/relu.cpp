// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> relu_problems() {
  ProblemList list("relu");
  list.in("smoke")
      .fills({Fill::normal, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=4x16x14x14", "small enough to judge every element")
      .fills({Fill::normal})
      .add("x=1024x1024", "a matrix of a million elements");

  list.in("edges")
      .add("x=1", "one element")
      .add("x=scalar", "no axis at all")
      .add("x=0x3", "no element")
      .add("x=7", "fewer elements than a pack")
      .add("x=31", "one below a warp")
      .add("x=1025", "a block's tile and one element")
      .add("x=3x5x7x11", "odd in every axis")
      .add("x=8191", "a prime")
      .layouts({Layout::strided, Layout::unaligned})
      .add("x=17x29", "rows off every vector boundary")
      .add("x=2051x3", "many short rows")
      .add("x=5x1", "rows of one element")
      .layouts({Layout::channels_last})
      .add("x=2x12x9x7", "channels innermost");

  list.in("models")
      .layouts({Layout::contiguous, Layout::channels_last})
      .add("x=2x64x112x112", "ResNet-50 conv1, batch reduced to 2 (He et al. 2015, arXiv 1512.03385, table 1)")
      .add("x=2x512x7x7", "ResNet-50 conv5_x, batch reduced to 2 (He et al. 2015, arXiv 1512.03385, table 1)")
      .layouts({Layout::contiguous})
      .add("x=1x512x16x16", "pix2pix U-Net decoder (Isola et al. 2016, arXiv 1611.07004, section 6.1)");

  list.in("images").fills({Fill::images}).add("x=64x1x28x28", "64 images of Fashion-MNIST");
  return list.take();
}

}  // namespace lockstep
