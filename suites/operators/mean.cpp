// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> mean_problems() {
  ProblemList list("mean");
  list.in("smoke")
      .fills({Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=32x256,dim=1", "rows, small enough to judge every element; a power of two")
      .fills({Fill::normal})
      .add("x=7x7x48,dim=1,keepdim=true", "stripes of few terms: wrong divisors and confused axes show in every dtype")
      .add("x=4x6x5x5,dim=0x2x3", "batch and space, channels kept");

  list.in("edges")
      .dtypes({DType::f32, DType::bf16})
      .add("x=scalar", "a scalar")
      .add("x=5,dim=0,keepdim=true", "rank 1")
      .add("x=31x1,dim=1", "rows of one term")
      .add("x=33x3,dim=_1", "one lane per row, one row above a warp")
      .add("x=65x17,dim=1", "eight lanes per row, odd")
      .add("x=9x513,dim=1", "one above what is staged")
      .add("x=3x4099,dim=1", "a long row of prime length")
      .add("x=70001,dim=none", "a whole tensor in parts")
      .add("x=601x1,dim=0", "a column of one")
      .add("x=1031x3,dim=0", "three stripes")
      .add("x=257x33,dim=0", "stripes past a warp")
      .add("x=2x1500x8,dim=1", "stripes in parts")
      .add("x=3x4x5x6,dim=0x2,keepdim=true", "axes that alternate")
      .add("x=2x3x4x5x2,dim=1x3", "rank 5, alternating")
      .add("x=0,dim=none", "the mean of nothing is NaN")
      .add("x=3x0x2,dim=1", "means of nothing")
      .add("x=0x4,dim=1", "no means")
      .add("x=6x6x6,dim=empty", "an empty list of axes means all")
      .layouts({Layout::strided, Layout::unaligned})
      .add("x=37x256,dim=1", "rows off every vector boundary")
      .add("x=5x6x64,dim=1,keepdim=true", "stripes off every vector boundary")
      .add("x=2x2", "one mean over rows with gaps between them")
      .layouts({Layout::strided, Layout::channels_last})
      .add("x=3x16x7x5,dim=2x3,keepdim=true", "space, with gaps and with channels innermost")
      .add("x=3x16x7x5,dim=1", "channels");

  list.in("models")
      .dtypes({DType::f32, DType::f16, DType::bf16})
      .layouts({Layout::contiguous, Layout::channels_last})
      .add("x=2x2048x7x7,dim=2x3", "ResNet-50 global average pool, batch 2 (He et al. 2015, arXiv 1512.03385, table 1)")
      .add("x=2x1024x7x7,dim=2x3,keepdim=true",
           "ShuffleNet v2 1x global pool after conv5, batch 2 (Ma et al. 2018, arXiv 1807.11164, table 5)")
      .layouts({Layout::contiguous})
      .add("x=1x512x768,dim=1",
           "BERT-base: mean of 512 token vectors, one sequence (Devlin et al. 2018, arXiv 1810.04805)")
      .add("x=1x3x256x256,dim=none",
           "pix2pix: mean over a 256 x 256 colour image, as in its L1 loss, batch 1 (Isola et al. 2016, arXiv "
           "1611.07004)");

  list.in("images").fills({Fill::images}).add("x=64x784,dim=1", "mean brightness of 64 images of Fashion-MNIST");
  return list.take();
}

}  // namespace lockstep
