// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> tanh_problems() {
  ProblemList list("tanh");
  list.in("smoke")
      .fills({Fill::normal, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=32x96", "small enough to judge every element")
      .fills({Fill::normal})
      .add("x=1024x1024", "the shape on which judging is timed");

  list.in("edges")
      .add("x=1", "one element")
      .add("x=scalar", "no axis at all")
      .add("x=0x3", "no element")
      .add("x=7", "fewer elements than a pack")
      .add("x=31", "one below a warp")
      .add("x=33", "one above a warp")
      .add("x=1025", "a block's tile and one element")
      .add("x=3x5x7x11", "odd in every axis")
      .add("x=8191", "a prime")
      .layouts({Layout::strided, Layout::unaligned})
      .add("x=17x29", "rows off every vector boundary")
      .add("x=5x1", "rows of one element")
      .layouts({Layout::channels_last})
      .add("x=2x12x9x7", "channels innermost");

  list.in("models")
      .add("x=1x3x256x256",
           "pix2pix U-Net, the generator's last layer (Isola et al. 2016, arXiv 1611.07004, section 6.1)")
      .add("x=64x768", "BERT-base pooler, 64 sequences (Devlin et al. 2018, arXiv 1810.04805; its code, modeling.py)")
      .add("x=64x1500",
           "cell output of the large LSTM, 64 sequences (Zaremba et al. 2014, arXiv 1409.2329, section 4.1)");

  list.in("images").fills({Fill::images}).add("x=64x784", "64 images of Fashion-MNIST, a row each");
  return list.take();
}

}  // namespace lockstep
