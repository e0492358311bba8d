// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {
namespace {

constexpr std::string_view kResNet = "; He et al. 2015, arXiv 1512.03385, table 1, batch reduced";

void add_smoke(ProblemList& list) {
  list.in("smoke")
      .fills({Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=6x7x4x5", "small enough to judge every element, with channels to spare for special values")
      .fills({Fill::normal, Fill::offset})
      .add("x=6x7x4x5,training=false,num_batches_tracked=3,eps=0.1", "evaluation; an eps that 16 bits can see")
      .layouts({Layout::channels_last})
      .add("x=8x16x4x4", "channels side by side")
      .fills({Fill::normal})
      .layouts({Layout::contiguous})
      .dtypes({DType::f32})
      .add("x=16x64x28x28", "the shape on which judging is timed");
}

void add_edges(ProblemList& list) {
  list.in("edges")
      .add("x=5x3,dims=1", "rank 2: rows of channels")
      .add("x=5x33x4,dims=1,momentum=none,num_batches_tracked=4", "cumulative average: the next batch weighs a fifth")
      .add("x=2x3x2x3x4,dims=3,momentum=0.3,eps=0.001", "rank 5")
      .add("x=1x2x1x2", "two values per channel, the fewest that training takes")
      .add("x=3x5x1x1x1", "planes of one element in rank 5")
      .add("x=4x1x31x1", "one channel, one below a warp")
      .add("x=2x31x8x4", "planes of a warp")
      .add("x=3x33x11x3", "planes one above a warp: no pack fits")
      .add("x=2x3x64x128", "as many values as a block holds in half its registers")
      .add("x=17x2x31x31", "one slab and one short of two, in planes of odd size")
      .add("x=5x1x64x64", "whole slabs and one more")
      .add("x=4x3x5x7,affine=false,momentum=0", "no weight and bias; frozen running statistics")
      .add("x=4x3x5x7,track_running_stats=false", "nothing is tracked")
      .add("x=4x3x5x7,training=false,track_running_stats=false", "evaluation without tracking takes the batch")
      .add("x=4x3x5x7,training=false,affine=false,num_batches_tracked=9", "evaluation without weights")
      .add("x=1x5,training=false", "one value per channel is enough in evaluation")
      .add("x=0x3x2x2,num_batches_tracked=2", "an empty batch moves the counter")
      .dtypes({DType::f32, DType::bf16})
      .layouts({Layout::channels_last})
      .add("x=3x3x5x7,dims=2", "no pack of channels fits")
      .add("x=2x33x8x8", "one above the lanes of a warp")
      .add("x=2x12x3x5x2,dims=3", "rank 5, packs of 4 channels")
      .add("x=4x264x3x3", "more channels than one tile of packs holds")
      .add("x=3x20x13x13,training=false", "evaluation")
      .layouts({Layout::unaligned})
      .add("x=3x8x16x16", "planes off every pack boundary")
      .add("x=37x24,dims=1", "rows off every pack boundary")
      .add("x=3x8x16x16,training=false", "evaluation off every pack boundary");
}

void add_models(ProblemList& list) {
  list.in("models")
      .dtypes({DType::f32, DType::bf16})
      .layouts({Layout::contiguous, Layout::channels_last})
      .add("x=1x64x112x112,dims=2", "ResNet-50 bn1" + std::string(kResNet))
      .add("x=1x256x56x56,dims=2", "ResNet-50 layer1 bn3" + std::string(kResNet))
      .add("x=4x2048x7x7,dims=2", "ResNet-50 layer4 bn3" + std::string(kResNet))
      .layouts({Layout::contiguous})
      .add("x=4x240x28x28,dims=2",
           "ShuffleNet 1x (3 groups), stage 2; Zhang et al. 2017, arXiv 1707.01083, table 1, batch "
           "reduced")
      .add("x=1x128x64x64,dims=2",
           "pix2pix U-Net encoder, second block at 256 x 256; Isola et al. 2016, arXiv 1611.07004, "
           "appendix 6.1, batch of 1 as in the paper")
      .add("x=1x512x4x4,dims=2,training=false", "pix2pix U-Net, an inner block, in evaluation");
}

}  // namespace

std::vector<ListedProblem> batch_norm_problems() {
  ProblemList list("batch_norm");
  add_smoke(list);
  add_edges(list);
  add_models(list);
  list.in("images").fills({Fill::images}).add("x=64x1x28x28", "64 images of Fashion-MNIST");
  return list.take();
}

}  // namespace lockstep
