// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> layer_norm_problems() {
  ProblemList list("layer_norm");
  list.in("smoke")
      .fills({Fill::normal, Fill::offset, Fill::small, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=32x256,normalized_shape=256", "small enough to judge every element")
      .fills({Fill::normal})
      .add("x=256x1024,normalized_shape=1024", "the shape on which judging is timed");

  list.in("edges")
      .add("x=0x5,normalized_shape=5", "no rows: the parameters' gradients are 0")
      .add("x=1x1,normalized_shape=1", "one element: the variance is zero")
      .add("x=33x1,normalized_shape=1", "rows of one element")
      .add("x=1x31,normalized_shape=31", "one below a warp")
      .add("x=3x32,normalized_shape=32", "a warp")
      .add("x=5x33,normalized_shape=33", "one above a warp")
      .add("x=2x1023,normalized_shape=1023", "one below what a warp holds")
      .add("x=3x1025,normalized_shape=1025", "one above what a warp holds")
      .add("x=7x4099,normalized_shape=4099", "a long row of prime length")
      .add("x=3x8200,normalized_shape=8200", "a row that a block's registers hold once, not four times")
      .add("x=1x20011,normalized_shape=20011", "a row that registers do not hold")
      .add("x=1100x40,normalized_shape=40", "more rows than all warps take at once")
      .add("x=300x1032,normalized_shape=1032", "more rows than all blocks take at once")
      .add("x=2x3x5x7,normalized_shape=5x7", "two normalised axes")
      .add("x=31x96,normalized_shape=96,affine=false", "no weight and bias")
      .add("x=31x96,normalized_shape=96,bias=false", "weight alone")
      .add("x=31x96,normalized_shape=96,eps=1e_12", "BERT's eps")
      .add("x=31x96,normalized_shape=96,eps=0.5", "an eps that 16 bits can see")
      .fills({Fill::special, Fill::offset})
      .add("x=3x1100,normalized_shape=1100", "not-a-numbers and a far mean in rows of a whole block")
      .fills({Fill::normal})
      .layouts({Layout::strided, Layout::unaligned})
      .add("x=17x256,normalized_shape=256", "rows off every vector boundary")
      .add("x=3x1100,normalized_shape=1100", "long rows off every vector boundary");

  list.in("models")
      .add("x=128x768,normalized_shape=768,eps=1e_12",
           "BERT-base encoder LayerNorm, one sequence of 128 tokens (Devlin et al. 2018, arXiv 1810.04805)")
      .add("x=128x1024,normalized_shape=1024,eps=1e_12", "BERT-large encoder LayerNorm, one sequence of 128 tokens")
      .add("x=64x1600,normalized_shape=1600", "GPT-2 XL block LayerNorm, 64 tokens (Radford et al. 2019)");

  list.in("images")
      .fills({Fill::images})
      .add("x=64x784,normalized_shape=784", "64 images of Fashion-MNIST, a row each");
  return list.take();
}

}  // namespace lockstep
