// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> cross_entropy_problems() {
  ProblemList list("cross_entropy");
  list.in("smoke")
      .fills({Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
      .add("input=16x32", "a mean over rows of a warp, both powers of two")
      .fills({Fill::normal, Fill::offset})
      .add("input=24x10,weight=10,ignore_index=3,label_smoothing=0.2", "all that changes a mean")
      .add("input=9x7,target=9x7,weight=7,label_smoothing=0.1", "probabilities as targets, weighted and smoothed")
      .fills({Fill::normal})
      .add("input=13x5,ignore_index=_100,reduction=sum", "a sum with ignored rows")
      .add("input=3x6x5x7,ignore_index=255,reduction=none", "classes apart, as in segmentation")
      .add("input=6x3,label_smoothing=0.5", "classes so few that their even share shows in every dtype")
      .add("input=12x1030,ignore_index=0", "long rows");

  list.in("edges")
      .dtypes({DType::f32, DType::bf16})
      .add("input=5", "one row without an axis of rows")
      .add("input=5,target=5,label_smoothing=0.3", "one row of probabilities")
      .add("input=1x1", "one class: the loss is zero")
      .add("input=31x33,label_smoothing=1", "nothing but smoothing")
      .add("input=33x31,weight=31", "around a warp, weighted")
      .add("input=65x127,target=65x127,reduction=none", "probabilities, prime")
      .add("input=2x4099,label_smoothing=0.1", "long rows of prime length")
      .add("input=3x9001,target=3x9001", "rows longer than a block holds")
      .add("input=2x3x11x2x3,weight=3,reduction=sum", "rank 5")
      .add("input=3x40x33,label_smoothing=0.1,ignore_index=_1", "classes apart, around a warp")
      .add("input=2x19x70,target=2x19x70,weight=19", "probabilities with classes apart")
      .add("input=0x5", "no rows: the mean is NaN")
      .add("input=0x5,reduction=sum", "no rows: the sum is zero")
      .add("input=3x5x0,reduction=none", "no positions")
      .fills({Fill::special})
      .add("input=40x12,ignore_index=3", "ignored rows that have no softmax")
      .add("input=3x12x9,ignore_index=3,label_smoothing=0.1", "such rows with classes apart")
      .fills({Fill::normal})
      .layouts({Layout::strided, Layout::unaligned})
      .add("input=17x256", "rows off every vector boundary")
      .add("input=5x64,target=5x64,reduction=sum", "probabilities off every vector boundary")
      .layouts({Layout::strided, Layout::channels_last})
      .add("input=2x21x6x5,ignore_index=255", "pixels with gaps, and with classes innermost")
      .layouts({Layout::contiguous});

  list.in("models")
      .add("input=64x1000", "ResNet-50 on ImageNet, 64 images (He et al. 2015, arXiv 1512.03385)")
      .add("input=64x1000,label_smoothing=0.1",
           "Inception v3 with label smoothing, 64 images (Szegedy et al. 2015, arXiv 1512.00567, section 7)")
      .dtypes({DType::f32, DType::bf16})
      .add("input=8x30522,ignore_index=_100",
           "BERT-base masked-word prediction over its vocabulary, 8 words (Devlin et al. 2018, arXiv 1810.04805)")
      .add("input=1x21x65x65,ignore_index=255",
           "DeepLab v3 on PASCAL VOC, logits of one image at output stride 8 (Chen et al. 2017, arXiv 1706.05587)");

  list.in("images").fills({Fill::images}).add("input=64x784", "64 images of Fashion-MNIST as logits");
  return list.take();
}

}  // namespace lockstep
