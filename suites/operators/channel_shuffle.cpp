// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> channel_shuffle_problems() {
  ProblemList list("channel_shuffle");
  list.in("smoke")
      .fills({Fill::normal, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=2x12x8x8,groups=3", "small enough to judge every element")
      .fills({Fill::normal})
      .layouts({Layout::channels_last})
      .add("x=2x12x5x7,groups=4", "channels innermost")
      .layouts({Layout::contiguous})
      .add("x=16x64x28x28,groups=4", "the shape on which judging is timed");

  list.in("edges")
      .add("x=1x1x1,groups=1", "one element")
      .add("x=3x31x5,groups=31", "as many groups as channels: the identity")
      .add("x=5x33x7x1,groups=11", "odd everything")
      .add("x=2x9x4x4,groups=3", "a square: the shuffle is its own inverse")
      .add("x=2x6x3x2x5,groups=2", "rank 5")
      .add("x=7x62x2x2,groups=31", "planes of 16 bytes in f32, of 8 in f16")
      .add("x=1x4x1031,groups=2", "planes of a prime length, longer than a block's share")
      .add("x=257x4x1,groups=2", "planes of one element, images past the end of a block")
      .add("x=0x8x4,groups=2", "no images")
      .dtypes({DType::f32, DType::bf16})
      .layouts({Layout::strided, Layout::unaligned, Layout::channels_last})
      .add("x=3x12x5x8,groups=3", "rows with gaps, planes off every vector boundary, channels innermost")
      .add("x=2x6x3x2x5,groups=3", "the same in rank 5")
      .layouts({Layout::channels_last})
      .add("x=1x33x1x31,groups=3", "channels that are no multiple of a vector");

  list.in("models")
      .dtypes({DType::f32, DType::f16, DType::bf16})
      .layouts({Layout::contiguous, Layout::channels_last})
      .add("x=2x60x28x28,groups=3",
           "ShuffleNet v1 1x (g=3), stage 2, bottleneck channels, batch 2 (Zhang et al. 2017, arXiv 1707.01083, table "
           "1)")
      .add("x=2x120x14x14,groups=3", "ShuffleNet v1 1x (g=3), stage 3, bottleneck channels, batch 2 (arXiv 1707.01083)")
      .add("x=2x240x7x7,groups=3", "ShuffleNet v1 1x (g=3), stage 4, bottleneck channels, batch 2 (arXiv 1707.01083)")
      .add("x=2x116x28x28,groups=2",
           "ShuffleNet v2 1x, stage 2 output, batch 2 (Ma et al. 2018, arXiv 1807.11164, table 5)")
      .add("x=2x232x14x14,groups=2", "ShuffleNet v2 1x, stage 3 output, batch 2 (arXiv 1807.11164)")
      .add("x=2x464x7x7,groups=2", "ShuffleNet v2 1x, stage 4 output, batch 2 (arXiv 1807.11164)")
      .dtypes({DType::f32, DType::bf16})
      .layouts({Layout::contiguous})
      .add("x=2x240x28x28,groups=3",
           "ShuffleNet v1 1x (g=3), stage 2 output width, batch 2 (arXiv 1707.01083, table 1)")
      .add("x=2x480x14x14,groups=3",
           "ShuffleNet v1 1x (g=3), stage 3 output width, batch 2 (arXiv 1707.01083, table 1)")
      .add("x=2x960x7x7,groups=3", "ShuffleNet v1 1x (g=3), stage 4 output width, batch 2 (arXiv 1707.01083, table 1)");

  list.in("images").fills({Fill::images}).add("x=4x8x28x28,groups=4", "images of Fashion-MNIST, one per channel");
  return list.take();
}

}  // namespace lockstep
