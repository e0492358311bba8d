// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {
namespace {

void add_edges(ProblemList& list) {
  list.in("edges")
      .add("x=1x1x1x1,kernel_size=1", "one element")
      .add("x=0x3x8x8,kernel_size=2", "no image")
      .add("x=5x7x9,kernel_size=3,stride=1,padding=1", "rank 3, every window overlaps its neighbours")
      .add("x=3x5x31x33,kernel_size=2", "odd extents: the last row and column belong to no window")
      .add("x=3x5x31x33,kernel_size=2,ceil_mode=true", "the last windows hang over the edge")
      .add("x=2x3x13x17,kernel_size=3x2,stride=2x1,padding=1", "windows that differ by axis")
      .add("x=2x3x19x23,kernel_size=3x5,stride=4x3,padding=1x2,dilation=2x3", "dilated; strides leave gaps")
      .add("x=1x2x2x4,kernel_size=2,stride=1,padding=1,dilation=3", "windows without any element")
      .add("x=1x3x40x37,kernel_size=13,stride=1,padding=6", "13 x 13 windows around every element")
      .add("x=257x1x2x2,kernel_size=2", "as many planes as outputs, past the end of a block")
      .add("x=1x2x3x1031,kernel_size=1x3,stride=1x2", "rows of a prime length")
      .add("x=2x4x1x1,kernel_size=3,padding=1", "windows larger than the plane")
      .dtypes({DType::f32, DType::bf16})
      .layouts({Layout::strided, Layout::unaligned, Layout::channels_last})
      .add("x=3x12x9x11,kernel_size=3,stride=2,padding=1", "rows with gaps, planes off boundaries, channels innermost")
      .layouts({Layout::channels_last})
      .add("x=2x33x7x5,kernel_size=2", "channels that are no multiple of a vector")
      .add("x=2x8x13x17,kernel_size=3x2,stride=2x1,padding=1,dilation=1x2", "windows that differ by axis");
}

void add_models(ProblemList& list) {
  list.in("models")
      .dtypes({DType::f32, DType::bf16})
      .layouts({Layout::contiguous, Layout::channels_last})
      .add("x=2x64x112x112,kernel_size=3,stride=2,padding=1",
           "ResNet-50 after conv1, batch 2 (He et al. 2015, arXiv 1512.03385, table 1; torchvision's padding)")
      .add("x=2x24x112x112,kernel_size=3,stride=2,padding=1",
           "ShuffleNet v2 1x after conv1, batch 2 (Ma et al. 2018, arXiv 1807.11164, table 5)")
      .layouts({Layout::contiguous})
      .add("x=1x64x224x224,kernel_size=2", "VGG-16 after conv1_2 (Simonyan, Zisserman 2014, arXiv 1409.1556, table 1)")
      .add("x=2x512x14x14,kernel_size=2", "VGG-16 after conv5_3, batch 2 (arXiv 1409.1556, table 1)");
}

}  // namespace

std::vector<ListedProblem> max_pool2d_problems() {
  ProblemList list("max_pool2d");
  list.in("smoke")
      .fills({Fill::normal, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=2x16x20x20,kernel_size=3,stride=2,padding=1", "small enough to judge every element; windows overlap")
      .fills({Fill::normal})
      .add("x=2x6x15x17,kernel_size=3x2,stride=1x2,dilation=2x3,ceil_mode=true", "everything differs by axis")
      .layouts({Layout::channels_last})
      .add("x=2x24x10x14,kernel_size=3,stride=2,padding=1", "channels innermost")
      .layouts({Layout::contiguous})
      .add("x=4x64x56x56,kernel_size=2", "the shape on which judging is timed");
  add_edges(list);
  add_models(list);
  list.in("images").fills({Fill::images}).add("x=64x1x28x28,kernel_size=2", "64 images of Fashion-MNIST");
  return list.take();
}

}  // namespace lockstep
