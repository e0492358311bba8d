// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {

std::vector<ListedProblem> batch_norm_merge_problems() {
  ProblemList list("batch_norm_merge", {Direction::forward});
  const std::vector<DType> statistics{DType::f32};  // whatever the activations are
  list.in("smoke")
      .dtypes(statistics)
      .fills({Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
      .add("means=4x37,counts=48x32x20x33", "four ranks of uneven batches, channels one above a warp and more")
      .fills({Fill::normal})
      .add("means=3x7,counts=24x0x40,eps=0.1", "a rank without values; an eps that shows")
      .add("means=2x9,counts=3001x2049", "counts that float16 does not hold")
      .add("means=3x9,counts=16777217x3x16777213",
           "counts that float does not hold, and do not sum up to one that it does")
      .add("means=1x12,counts=20000000,momentum=1", "a variance that is small beside eps, and shows in the running one")
      .add("means=1x12,counts=20000000,eps=0.001,momentum=1",
           "a variance so small beside eps that nothing of it is left in 1 / sqrt(variance + eps)");
  list.in("edges")
      .dtypes(statistics)
      .add("means=1x1,counts=2", "one rank, one channel, the fewest values that have an unbiased variance")
      .add("means=2x5,counts=1x1", "one value on each rank")
      .add("means=3x31,counts=0x0x9", "only the last rank has values")
      .add("means=3x32,counts=0x0x0", "no rank has values: the running statistics stay")
      .add("means=2x33,counts=5x3,track_running_stats=false", "no running statistics")
      .add("means=4x65,counts=7x0x5x3,momentum=none,num_batches_tracked=4", "cumulative average")
      .add(
          "means=33x4,counts=1x2x3x4x5x6x7x8x9x10x11x12x13x14x15x16x17x18x19x20x21x22x23x24x25x26x27x28x29x30x31x32x33",
          "ranks one above a warp")
      .add("means=5x257,counts=31x32x33x0x1,momentum=0", "frozen running statistics; more channels than a block");
  list.in("models")
      .dtypes(statistics)
      .add("means=8x2048,counts=1568x1568x1568x1568x1568x1568x1568x784",
           "ResNet-50 layer4 bn3, 32 images on each of 8 ranks and 16 on the last; He et al. 2015, arXiv 1512.03385, "
           "table 1")
      .add("means=16x256,counts=5000x5000x5000x5000x5000x5000x5000x5000x5000x5000x5000x5000x5000x5000x5000x5000",
           "the detector's head on 16 ranks; Peng et al. 2017 (MegDet), arXiv 1711.07240, section 3");
  return list.take();
}

}  // namespace lockstep
