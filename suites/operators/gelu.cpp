// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> gelu_problems() {
  ProblemList list("gelu");
  list.in("smoke")
      .fills({Fill::normal, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=32x96", "small enough to judge every element")
      .fills({Fill::normal, Fill::adversarial})
      .add("x=32x96,approximate=tanh", "the tanh form")
      .fills({Fill::normal})
      .add("x=1024x1024", "the shape on which judging is timed");

  list.in("edges")
      .add("x=1", "one element")
      .add("x=0x3,approximate=tanh", "no element")
      .add("x=7", "fewer elements than a pack")
      .add("x=33,approximate=tanh", "one above a warp")
      .add("x=1025", "a block's tile and one element")
      .add("x=3x5x7x11,approximate=tanh", "odd in every axis")
      .add("x=8191", "a prime")
      .fills({Fill::special})
      .add("x=8x97,approximate=tanh", "infinities in the tanh form")
      .fills({Fill::normal})
      .layouts({Layout::strided, Layout::unaligned})
      .add("x=17x29", "rows off every vector boundary")
      .add("x=17x31,approximate=tanh", "rows off every vector boundary, the tanh form")
      .layouts({Layout::channels_last})
      .add("x=2x12x9x7", "channels innermost");

  list.in("models")
      .add("x=128x3072", "BERT-base feed-forward, one sequence of 128 tokens (Devlin et al. 2018, arXiv 1810.04805)")
      .add("x=128x3072,approximate=tanh",
           "GPT-2 small feed-forward, 128 tokens (Radford et al. 2019; its code uses tanh)");

  list.in("images").fills({Fill::images}).add("x=64x784", "64 images of Fashion-MNIST, a row each");
  return list.take();
}

}  // namespace lockstep
