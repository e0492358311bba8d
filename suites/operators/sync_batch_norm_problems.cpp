// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/sync_batch_norm_problems.hpp"

namespace lockstep {

std::vector<ListedProblem> sync_batch_norm_problems(std::string_view operator_name,
                                                    const SyncBatchNormVariation& variation) {
  ProblemList list(operator_name, {Direction::forward});
  list.in("smoke")
      .fills({Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
      .add("x=6x7x4x5" + variation.small_parameters,
           "small enough to judge every element, with channels to spare for special values")
      .fills({Fill::normal, Fill::offset})
      .layouts({Layout::channels_last})
      .add("x=8x16x4x4", "channels side by side")
      .fills({Fill::normal})
      .layouts({Layout::contiguous})
      .add("x=2x67x3x3", "more than 64 channels");
  list.in("edges")
      .add("x=5x3", "rank 2: rows of channels")
      .add("x=1x5", "one value per channel, which a rank may well have")
      .add("x=0x3x2x2", "a rank without values")
      .add("x=2x3x2x3x4", "rank 5")
      .add("x=4x1x31x1", "one channel, one below a warp")
      .add("x=2x31x8x4", "planes of a warp")
      .add("x=3x33x11x3", "planes one above a warp: no pack fits")
      .add("x=17x2x31x31", "more than one slab, in planes of odd size");
  for (const SyncBatchNormVariation::Edge& edge : variation.edges) list.add(edge.label, edge.source);
  list.dtypes({DType::f32, DType::bf16})
      .layouts({Layout::channels_last})
      .add("x=3x3x5x7", "no pack of channels fits")
      .add("x=2x12x3x5x2", "rank 5, packs of 4 channels")
      .add("x=4x264x3x3", "more channels than one tile of packs holds")
      .layouts({Layout::unaligned})
      .add("x=3x8x16x16", "planes off every pack boundary")
      .add("x=37x24", "rows off every pack boundary");
  list.in("models")
      .dtypes({DType::f32, DType::bf16})
      .layouts({Layout::contiguous, Layout::channels_last})
      .add("x=1x64x112x112", "ResNet-50 bn1; He et al. 2015, arXiv 1512.03385, table 1, batch reduced")
      .add("x=4x2048x7x7", "ResNet-50 layer4 bn3; He et al. 2015, arXiv 1512.03385, table 1, batch reduced")
      .layouts({Layout::contiguous})
      .add("x=2x256x50x50",
           "Mask R-CNN head at two images per rank; Peng et al. 2017 (MegDet), arXiv 1711.07240, section 3, "
           "planes reduced");
  return list.take();
}

}  // namespace lockstep
