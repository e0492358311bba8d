// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {
namespace {

const std::vector<DType> kAllTypes{DType::f32, DType::f16, DType::bf16};

void add_edges(ProblemList& list) {
  list.in("edges")
      .add("a=1x1,b=1x1", "one product")
      .add("a=31,b=31", "two vectors: the result is a scalar")
      .add("a=33x65,b=65", "a matrix and a vector")
      .add("a=65,b=65x33", "a vector and a matrix")
      .add("a=63x31,b=31x65", "around a tile, one term below a slice")
      .add("a=65x33,b=33x63", "around a tile, one term above a slice")
      .add("a=33x1030,b=1030x65", "few tiles and many terms: sums split over blocks, the last part short")
      .add("a=3x17x29,b=3x29x31", "batches of matrices, prime extents")
      .add("a=5x17x29,b=29x31", "one matrix for all batches")
      .add("a=17x29,b=5x29x31", "batches in the second factor alone")
      .add("a=2x1x13x24,b=5x24x8", "both factors broadcast")
      .add("a=2x3x1x9,b=2x3x9x1", "batches of dot products")
      .dtypes({DType::f32})
      .add("a=9,b=4x9x5", "a vector for every batch")
      .add("a=4x5x9,b=9", "batches of matrices and one vector")
      .add("a=3x1x2x5x7,b=2x1x7x3", "batches of three axes")
      .add("a=5x0,b=0x7", "empty sums: y is zero")
      .add("a=0x4,b=4x3", "no rows: y is empty, d_b is zero")
      .add("a=0x3x4,b=4x5", "no batches: y is empty, d_b is zero")
      .add("a=2x3x0,b=0x4", "empty sums in batches")
      .add("a=1x2x3,b=1100x3x2", "one matrix for 1100 batches: its gradient adds as many parts")
      .dtypes(kAllTypes)
      .layouts({Layout::strided, Layout::unaligned})
      .add("a=17x64,b=64x32", "rows off every vector boundary")
      .add("a=3x17x64,b=64x32", "batches of rows off every vector boundary")
      .layouts({Layout::contiguous});

  // Enough tiles of 128 x 128 for the large one, with few terms to keep the emulator quick.
  list.directions({Direction::forward}).add("a=1440x24,b=24x1408", "large tiles of y");
}

}  // namespace

std::vector<ListedProblem> matmul_problems() {
  ProblemList list("matmul");
  list.in("smoke")
      .fills({Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
      .add("a=64x128,b=128x128", "square and small enough to judge every element")
      .fills({Fill::normal})
      .add("a=4x16x24,b=4x24x24", "batches of small matrices")
      .add("a=3x16x24,b=24x24", "one matrix for all batches: its gradient sums over them");

  add_edges(list);

  list.in("models")
      .add("a=1x12x128x64,b=1x12x64x128",
           "BERT-base attention scores, 12 heads, one sequence of 128 tokens (Devlin et al. 2018, arXiv 1810.04805)")
      .add("a=1x12x128x128,b=1x12x128x64", "BERT-base attention output, 12 heads, one sequence of 128 tokens")
      .add("a=1x128x768,b=768x768", "BERT-base projection, one sequence of 128 tokens")
      .dtypes({DType::f32, DType::bf16})
      .add("a=8x768,b=768x30522", "BERT-base masked-word prediction over its vocabulary, 8 words");

  list.in("images")
      .fills({Fill::images})
      .add("a=64x784,b=784x10", "64 images of Fashion-MNIST, a row each, to ten classes");
  return list.take();
}

}  // namespace lockstep
