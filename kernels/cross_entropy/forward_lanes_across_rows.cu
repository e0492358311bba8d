// SPDX-License-Identifier: Apache-2.0
// Idea: where the classes of a pixel lie far apart, as in segmentation, neighbouring lanes take neighbouring pixels; so
// accesses are coalesced along the axis that is contiguous. Takes every layout.
// Layout: blocks of 32 rows x up to 32 threads to a row; a thread holds its first 8 logits in registers and reads those
// beyond again. Blocks walk over rows.
// Fast because: rows of up to 256 classes are read once, in full cache lines.
#include "kernels/cross_entropy/forward_rows.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

Launch cross_entropy_forward_lanes_across_rows(const Problem& problem, const Tensors& tensors, Device& device) {
  const CrossEntropy op(problem);
  return with_scalar(problem.dtype, [&](auto tag) {
    using Scalar = typename decltype(tag)::type;
    const LaunchExtent block(kGroupLanes, threads_for_group(op.classes));
    return launch_losses<Scalar, ColumnTeam, 1, 8, kGroupLanes * kMostGroupThreads>(
        op, tensors, RowGrid(op.rows(), kGroupLanes), block, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
