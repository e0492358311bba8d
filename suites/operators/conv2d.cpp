// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {
namespace {

void add_smoke(ProblemList& list) {
  list.in("smoke")
      .fills({Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=2x4x9x10,weight=6x2x3x2,stride=2x1,padding=1x2,dilation=1x2,groups=2",
           "every parameter away from its default, small enough to judge every element")
      .fills({Fill::normal})
      .add("x=2x6x7x8,weight=12x6x3x3,padding=1", "more channels than a thread adds up by itself")
      .layouts({Layout::channels_last})
      .add("x=2x8x7x5,weight=20x8x3x3,padding=1,stride=2", "channels side by side")
      .layouts({Layout::contiguous})
      .dtypes({DType::f32})
      .add("x=2x32x28x28,weight=32x32x3x3,padding=1", "the shape on which judging is timed");
}

void add_edges(ProblemList& list) {
  list.in("edges")
      .add("x=1x1x1x1,weight=1x1x1x1", "one product")
      .add("x=5x7x6,weight=3x5x2x3", "no batch")
      .add("x=2x3x31x33,weight=31x3x1x1,bias=false", "one element per window, around a warp")
      .add("x=1x17x5x7,weight=33x17x5x7", "one window per image, prime channels")
      .add("x=3x5x8x9,weight=7x5x2x4,padding=same", "an odd number of zeros: one more at the end")
      .add("x=2x9x11x10,weight=9x1x3x3,padding=2,dilation=2,groups=9", "depthwise, dilated")
      .add("x=2x5x12x9,weight=10x1x5x3,stride=3x2,padding=2x0,groups=5", "depthwise with two outputs per channel")
      .dtypes({DType::f32, DType::bf16})
      .add("x=1x6x7x7,weight=9x6x2x2,stride=3,padding=1", "strides longer than the kernel: elements no window reads")
      .add("x=2x6x9x8,weight=8x6x3x2,stride=2,dilation=2", "stride and dilation with a common factor")
      .add("x=1x5x1x40,weight=17x5x1x9,padding=0x4,stride=1x2", "one row")
      .add("x=2x8x3x4,weight=18x8x5x5,padding=4x3", "a kernel larger than the image, more padding than image")
      .add("x=9x20x16x16,weight=20x20x3x3", "few tiles and many positions: gradient sums split over blocks")
      .add("x=2x130x3x3,weight=24x130x3x3,padding=1", "few tiles and many terms: sums split over blocks")
      .add("x=0x3x4x4,weight=2x3x3x3", "no images: y is empty, the gradients are zeros")
      .add("x=2x0x4x4,weight=5x0x3x3", "no channels: y has none either")
      .layouts({Layout::channels_last})
      .add("x=2x33x5x7,weight=20x33x3x3,stride=2x1,padding=1", "channels one above a warp")
      .add("x=2x12x6x6,weight=12x1x3x3,padding=1,groups=12", "depthwise, channels side by side")
      .add("x=2x40x6x5,weight=40x20x1x1,groups=2,bias=false", "groups, channels side by side")
      .layouts({Layout::strided, Layout::unaligned})
      .add("x=2x6x9x8,weight=20x3x3x3,stride=2x1,padding=1,groups=2", "rows with gaps, off every vector boundary")
      .add("x=2x3x9x8,weight=3x1x3x3,stride=1x2,padding=1,groups=3", "depthwise rows with gaps");

  // Enough tiles of 128 x 128 for the large one, with few terms to keep the emulator quick.
  list.layouts({Layout::contiguous, Layout::channels_last})
      .dtypes({DType::f32})
      .directions({Direction::forward})
      .add("x=1x4x96x180,weight=129x4x1x1", "large tiles of y")
      .add("x=1x8x36x40,weight=1408x8x1x1", "large tiles of y, of all kernels")
      .directions({Direction::backward})
      .add("x=1x129x96x180,weight=5x129x1x1", "large tiles of d_x")
      .layouts({Layout::contiguous})
      .add("x=1x1440x3x5,weight=1409x1440x1x1", "large tiles of d_weight");
}

void add_models(ProblemList& list) {
  constexpr const char* kResNet = "; He et al. 2015, arXiv 1512.03385, table 1, one image";
  const auto resnet = [&](const char* layer) { return "ResNet-50 " + std::string(layer) + kResNet; };
  list.in("models")
      .dtypes({DType::f32, DType::bf16})
      .add("x=1x3x224x224,weight=64x3x7x7,stride=2,padding=3,bias=false", resnet("conv1"))
      .add("x=1x64x56x56,weight=64x64x3x3,padding=1,bias=false", resnet("layer1 conv2"))
      .add("x=1x256x56x56,weight=64x256x1x1,bias=false", resnet("layer1 conv1"))
      .add("x=1x256x28x28,weight=256x256x3x3,stride=2,padding=1,bias=false", resnet("layer3 conv2, the first block"))
      .add("x=1x1024x14x14,weight=2048x1024x1x1,stride=2,bias=false", resnet("layer4 shortcut"))
      .layouts({Layout::channels_last})
      .add("x=1x512x7x7,weight=512x512x3x3,padding=1,bias=false", resnet("layer4 conv2"))
      .layouts({Layout::contiguous})
      .add("x=1x64x128x128,weight=128x64x4x4,stride=2,padding=1",
           "pix2pix U-Net encoder, second block at 256 x 256; Isola et al. 2016, arXiv 1611.07004, appendix 6.1")
      .add("x=1x512x4x4,weight=512x512x4x4,stride=2,padding=1",
           "pix2pix U-Net encoder, an inner block; arXiv 1611.07004, appendix 6.1")
      .layouts({Layout::contiguous, Layout::channels_last})
      .add("x=2x60x28x28,weight=60x1x3x3,padding=1,groups=60,bias=false",
           "ShuffleNet v1 1x (g=3), stage 2, depthwise; Zhang et al. 2017, arXiv 1707.01083, table 1, batch 2")
      .add(
          "x=2x116x28x28,weight=116x1x3x3,stride=2,padding=1,groups=116,bias=false",
          "ShuffleNet v2 1x, stage 3, depthwise of the first block; Ma et al. 2018, arXiv 1807.11164, table 5, batch 2")
      .add("x=2x240x28x28,weight=60x80x1x1,groups=3,bias=false",
           "ShuffleNet v1 1x (g=3), stage 2, grouped 1x1; arXiv 1707.01083, table 1, batch 2");
}

}  // namespace

std::vector<ListedProblem> conv2d_problems() {
  ProblemList list("conv2d");
  add_smoke(list);
  add_edges(list);
  add_models(list);
  list.in("images")
      .fills({Fill::images})
      .add("x=32x1x28x28,weight=6x1x5x5,padding=2",
           "32 images of Fashion-MNIST into the first layer of LeNet-5; LeCun et al. 1998, Proc. IEEE 86(11), fig. 2")
      .add("x=4x1x28x28,weight=16x1x3x3,stride=2,padding=1", "4 images of Fashion-MNIST, halved");
  return list.take();
}

}  // namespace lockstep
