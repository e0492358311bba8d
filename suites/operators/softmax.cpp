// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> softmax_problems() {
  ProblemList list("softmax");
  list.in("smoke")
      .fills({Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=32x256,dim=_1", "small enough to judge every element")
      .fills({Fill::normal})
      .add("x=8x33x40,dim=1", "an axis with other axes on both sides")
      .dtypes({DType::f32})
      .add("x=1024x1024,dim=1", "the shape on which judging is timed");

  list.in("edges")
      .add("x=scalar,dim=0", "a scalar counts as one axis")
      .add("x=0x4,dim=1", "no rows")
      .add("x=5x1,dim=1", "groups of one element: 1, and a gradient of 0")
      .add("x=3x31,dim=1", "one below a warp")
      .add("x=5x32,dim=1", "a warp")
      .add("x=4x33,dim=1", "one above a warp")
      .add("x=2x1023,dim=1", "one below what a warp holds")
      .add("x=3x1025,dim=1", "one above what a warp holds")
      .add("x=2x5003,dim=_1", "a long row of prime length")
      .add("x=1x20011,dim=1", "a row that registers do not hold")
      .add("x=37x1,dim=0", "one group along the first axis")
      .add("x=300x2,dim=0", "two long groups side by side")
      .add("x=33x65,dim=0", "groups side by side, one above two warps")
      .add("x=2x67x3x5,dim=1", "fewer neighbours than a warp has lanes")
      .add("x=8x6x6x4,dim=_4", "the outermost of four axes")
      .fills({Fill::special})
      .add("x=3x1100,dim=1", "not-a-numbers in rows of a whole block")
      .add("x=40x70,dim=0", "not-a-numbers in groups side by side")
      .fills({Fill::exact})
      .add("x=3x4096,dim=1", "a sum of equal terms")
      .add("x=2x64x33,dim=1", "sums of equal terms side by side")
      .fills({Fill::normal})
      .layouts({Layout::strided, Layout::unaligned})
      .add("x=17x256,dim=1", "rows off every vector boundary")
      .add("x=4x6x33,dim=1", "groups side by side off every vector boundary")
      .layouts({Layout::channels_last})
      .add("x=2x19x5x7,dim=1", "classes of a pixel next to each other")
      .add("x=2x19x5x7,dim=3", "along a row of pixels");

  list.in("models")
      .add("x=1x12x128x128,dim=_1",
           "BERT-base attention, 12 heads, one sequence of 128 tokens (Devlin et al. 2018, arXiv 1810.04805)")
      .add("x=1x4x64x512,dim=_1", "BERT-base attention over 512 tokens, 4 of 12 heads, 64 of 512 queries")
      .add("x=4x30522,dim=_1", "BERT-base masked-word prediction over its vocabulary, 4 words")
      .add("x=64x1000,dim=1", "ResNet-50 and ShuffleNet on ImageNet, 64 images (He et al. 2015, arXiv 1512.03385)");

  list.in("images").fills({Fill::images}).add("x=64x784,dim=1", "64 images of Fashion-MNIST, a row each");
  return list.take();
}

}  // namespace lockstep
