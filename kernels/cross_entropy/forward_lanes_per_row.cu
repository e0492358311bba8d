// SPDX-License-Identifier: Apache-2.0
// Idea: lanes of a warp own a row of logits and keep it in registers: maximum, sum of exponentials and the loss, smoothed
// or against probabilities, come from one read.
// Layout: 32 lanes to a row, or 8 where it has up to 64 classes; lane l holds packs l, l + lanes, ... of 16 bytes. Blocks
// of 128 threads walk over rows.
// Fast because: logits are read once, coalesced, 16 bytes at a time, and no barrier is met before the last row; the rest
// (kernels/cross_entropy/forward_rows.cuh) is a float per block.
#include "kernels/cross_entropy/forward_rows.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

template <class Scalar, int kPack, int kPacks, int kLanes>
Launch launch_of(const CrossEntropy& op, const Tensors& tensors, Device& device) {
  const RowGrid grid(op.rows(), kLaneTeamThreads / kLanes);
  return launch_losses<Scalar, LaneTeam<kLanes>, kPack, kPacks, kLaneTeamThreads>(op, tensors, grid, kLaneTeamThreads,
                                                                                  device);
}

/// Packs of 16 bytes where rows allow it, else single elements; as few registers as the row needs.
template <class Scalar>
Launch launch_for_row(const CrossEntropy& op, const Tensors& tensors, Device& device) {
  constexpr int kPack = kFullPack<Scalar>;
  const GroupLayout layout = rows_of(op, tensors.inputs[0]);
  const bool packed = layout.rows_take_packs(tensors.inputs[0], kPack) &&
                      (!op.has_probabilities || layout.rows_take_packs(tensors.inputs[1], kPack));
  if (packed) {
    if (op.classes <= kShortRow) return launch_of<Scalar, kPack, 8 / kPack, 8>(op, tensors, device);
    if (op.classes <= 32 * 8) return launch_of<Scalar, kPack, 8 / kPack, 32>(op, tensors, device);
    return launch_of<Scalar, kPack, 32 / kPack, 32>(op, tensors, device);
  }
  if (op.classes <= kShortRow) return launch_of<Scalar, 1, 8, 8>(op, tensors, device);
  if (op.classes <= 32 * 8) return launch_of<Scalar, 1, 8, 32>(op, tensors, device);
  return launch_of<Scalar, 1, 32, 32>(op, tensors, device);
}

}  // namespace

Launch cross_entropy_forward_lanes_per_row(const Problem& problem, const Tensors& tensors, Device& device) {
  const CrossEntropy op(problem);
  return with_scalar(problem.dtype,
                     [&](auto tag) { return launch_for_row<typename decltype(tag)::type>(op, tensors, device); });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
