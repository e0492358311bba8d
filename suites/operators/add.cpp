// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> add_problems() {
  ProblemList list("add");
  list.in("smoke")
      .fills({Fill::normal, Fill::exact, Fill::adversarial, Fill::special})
      .add("a=32x32,b=32,alpha=_0.5", "a bias; square, so that the wrong axis is not noticed by its extent")
      .fills({Fill::normal})
      .add("a=4x8x6x6,b=4x8x6x6", "a residual")
      .add("a=1024x1024,b=1024x1024", "a matrix of a million elements");

  list.in("edges")
      .add("a=1,b=1", "one element")
      .add("a=scalar,b=33", "a tensor without axes")
      .add("a=0x3,b=3", "no element in a and y, three in b")
      .add("a=31,b=31,alpha=0.1", "one below a warp; an alpha that float cannot hold")
      .add("a=8191,b=8191,alpha=3", "a prime")
      .add("a=64x48,b=64x1", "broadcast along the rows")
      .add("a=1x64,b=48x64,alpha=2", "the first operand broadcast over rows")
      .add("a=5x1,b=1x7", "both operands broadcast")
      .add("a=6x1x16x1,b=5x1x8", "both broadcast along alternating axes")
      .add("a=3x5x7x11,b=5x1x1,alpha=0.1", "a bias per channel, odd in every axis")
      .add("a=2x3x2x3x2x3,b=2x1x2x1x2x1", "six axes that do not merge")
      .add("a=4100x8,b=8", "few columns of many rows")
      .add("a=3x9001,b=3x1", "long rows summed to one element each")
      .fills({Fill::exact})
      .add("a=20011,b=1", "all elements summed to one")
      .fills({Fill::normal})
      .layouts({Layout::strided, Layout::unaligned})
      .add("a=17x29,b=17x29", "rows off every vector boundary")
      .add("a=17x29,b=29", "rows off every vector boundary and a bias")
      .layouts({Layout::channels_last})
      .add("a=2x12x9x7,b=12x1x1", "channels innermost, a bias for each")
      .add("a=2x16x9x7,b=2x16x9x7", "channels innermost");

  list.in("models")
      .layouts({Layout::contiguous, Layout::channels_last})
      .add("a=1x256x56x56,b=1x256x56x56",
           "ResNet-50 conv2_x residual, batch reduced to 1 (He et al. 2015, arXiv 1512.03385, table 1)")
      .layouts({Layout::contiguous})
      .add("a=128x3072,b=3072",
           "BERT-base feed-forward bias, one sequence of 128 tokens (Devlin et al. 2018, arXiv 1810.04805)")
      .add("a=2x12x128x128,b=2x1x1x128",
           "BERT-base attention scores plus mask, batch reduced to 2 (Devlin et al. 2018, arXiv 1810.04805)");

  list.in("images").fills({Fill::images}).add("a=64x1x28x28,b=28x28,alpha=_1", "64 images of Fashion-MNIST less one");
  return list.take();
}

}  // namespace lockstep
