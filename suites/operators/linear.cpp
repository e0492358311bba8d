// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {
namespace {

const std::vector<DType> kAllTypes{DType::f32, DType::f16, DType::bf16};

void add_edges(ProblemList& list) {
  list.in("edges")
      .add("x=1x1,weight=1x1", "one product")
      .add("x=31,weight=33x31", "a vector without an axis of rows")
      .add("x=8x256,weight=65x256", "as many rows as a thread keeps sums for")
      .add("x=63x31,weight=65x31", "around a tile, one term below a slice")
      .add("x=65x33,weight=63x33", "around a tile, one term above a slice")
      .add("x=33x1030,weight=65x1030", "few tiles and many terms: sums split over blocks, the last part short")
      .add("x=1030x33,weight=17x33", "few tiles and many rows: gradient sums split over blocks")
      .dtypes({DType::f32})
      .add("x=1,weight=1x1", "one product without an axis of rows")
      .add("x=1x32,weight=33x32", "one row")
      .add("x=9x67,weight=31x67", "one row above a small batch, prime lengths")
      .add("x=2x3x5x7,weight=11x7", "four axes")
      .add("x=33x40,weight=40,bias=false", "a weight of one axis")
      .add("x=5x0,weight=7x0", "empty sums: y is the bias")
      .add("x=0x16,weight=8x16", "no rows: y is empty, the gradients are zeros")
      .dtypes(kAllTypes)
      .layouts({Layout::strided, Layout::unaligned})
      .add("x=17x64,weight=32x64", "rows off every vector boundary")
      .layouts({Layout::contiguous});

  // Enough tiles of 128 x 128 for the large one, with few terms to keep the emulator quick.
  list.directions({Direction::forward})
      .add("x=1440x24,weight=1408x24", "large tiles of y")
      .dtypes({DType::f16, DType::bf16})
      .add("x=1290x136,weight=3080x136", "more tiles of 128 x 256 than multiprocessors: blocks go on to a second one")
      .dtypes(kAllTypes)
      .directions({Direction::backward})
      .add("x=1440x1408,weight=24x1408", "large tiles of d_x")
      .add("x=24x1408,weight=1440x1408", "large tiles of d_weight")
      .dtypes({DType::f32})
      .add("x=1441x1409,weight=17x1409", "large tiles of d_x off every vector boundary")
      .add("x=17x1409,weight=1441x1409", "large tiles of d_weight off every vector boundary")
      .directions({Direction::forward})
      .add("x=1441x17,weight=1409x17", "large tiles of y off every vector boundary");
}

}  // namespace

std::vector<ListedProblem> linear_problems() {
  ProblemList list("linear");
  list.in("smoke")
      .fills({Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=64x128,weight=128x128", "square and small enough to judge every element")
      .fills({Fill::normal})
      .add("x=4x256,weight=96x256", "a small batch")
      .dtypes({DType::f32})
      .add("x=512x512,weight=512x512", "a shape on which judging is timed")
      .directions({Direction::forward})
      .add("x=1024x1024,weight=1024x1024", "a shape on which judging is timed");

  add_edges(list);

  list.in("models")
      .add("x=1x128x768,weight=768x768",
           "BERT-base attention projection, one sequence of 128 tokens (Devlin et al. 2018, arXiv 1810.04805)")
      .add("x=1x128x768,weight=3072x768", "BERT-base feed-forward, first layer, one sequence of 128 tokens")
      .add("x=1x128x3072,weight=768x3072", "BERT-base feed-forward, second layer, one sequence of 128 tokens")
      .add("x=8x768,weight=768x768", "BERT-base pooler, first tokens of 8 sequences")
      .add("x=32x2048,weight=1000x2048", "ResNet-50 classifier, batch 32 (He et al. 2015, arXiv 1512.03385, table 1)")
      .add("x=32x960,weight=1000x960",
           "ShuffleNet 1x, 3 groups, classifier, batch 32 (Zhang et al. 2017, arXiv 1707.01083, table 1)");

  list.in("images")
      .fills({Fill::images})
      .add("x=64x784,weight=128x784", "64 images of Fashion-MNIST, a row each, into a hidden layer")
      .add("x=8x784,weight=10x784", "8 images of Fashion-MNIST, a row each, into ten classes");
  return list.take();
}

}  // namespace lockstep
