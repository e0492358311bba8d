// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> linear_problems() {
  ProblemList list("linear");
  list.in("smoke")
      .fills({Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=64x128,weight=128x128", "square and small enough to judge every element")
      .fills({Fill::normal})
      .dtypes({DType::f32})
      .add("x=512x512,weight=512x512", "a shape on which judging is timed")
      .directions({Direction::forward})
      .add("x=1024x1024,weight=1024x1024", "a shape on which judging is timed");

  list.in("edges")
      .add("x=1x1,weight=1x1", "one product")
      .add("x=1,weight=1x1", "one product without an axis of rows")
      .add("x=31,weight=33x31", "a vector")
      .add("x=1x32,weight=33x32", "one row")
      .add("x=8x256,weight=65x256", "as many rows as a warp keeps sums for")
      .add("x=9x67,weight=31x67", "one row more, prime lengths")
      .add("x=63x31,weight=65x31", "around a tile, fewer terms than a slice")
      .add("x=65x33,weight=63x33", "around a tile, one term more than a slice")
      .add("x=2x3x5x7,weight=11x7", "four axes")
      .add("x=33x40,weight=40,bias=false", "a weight of one axis")
      .add("x=5x0,weight=7x0", "empty sums: y is the bias")
      .add("x=0x16,weight=8x16", "no rows: empty y, gradients of zeros")
      .layouts({Layout::strided, Layout::unaligned})
      .add("x=17x64,weight=32x64", "rows off every vector boundary");
  return list.take();
}

}  // namespace lockstep
