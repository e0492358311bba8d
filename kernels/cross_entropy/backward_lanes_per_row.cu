// SPDX-License-Identifier: Apache-2.0
// Idea: lanes of a warp own a row of logits and keep it in registers; probabilities are computed again there, so that
// nothing need be saved by the forward.
// Layout: 32 lanes to a row, or 8 where it has up to 64 classes; lane l holds packs l, l + lanes, ... of 16 bytes. Blocks
// of 128 threads walk over rows.
// Fast because: logits are read once and gradients written once, coalesced, 16 bytes at a time, without a block barrier.
#include "kernels/cross_entropy/backward_rows.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

template <class Scalar, int kPack, int kPacks, int kLanes>
Launch launch_of(const CrossEntropy& op, const Tensors& tensors, Device& device) {
  const RowGrid grid(op.rows(), kLaneTeamThreads / kLanes);
  return launch_gradients<Scalar, LaneTeam<kLanes>, kPack, kPacks, kLaneTeamThreads>(op, tensors, grid,
                                                                                     kLaneTeamThreads, device);
}

/// Packs of 16 bytes where rows allow it, else single elements; as few registers as the row needs.
template <class Scalar>
Launch launch_for_row(const CrossEntropy& op, const Tensors& tensors, Device& device) {
  constexpr int kPack = kFullPack<Scalar>;
  if (all_take_packs(op, tensors, kPack)) {
    if (op.classes <= kShortRow) return launch_of<Scalar, kPack, 8 / kPack, 8>(op, tensors, device);
    if (op.classes <= 32 * 8) return launch_of<Scalar, kPack, 8 / kPack, 32>(op, tensors, device);
    return launch_of<Scalar, kPack, 32 / kPack, 32>(op, tensors, device);
  }
  if (op.classes <= kShortRow) return launch_of<Scalar, 1, 8, 8>(op, tensors, device);
  if (op.classes <= 32 * 8) return launch_of<Scalar, 1, 8, 32>(op, tensors, device);
  return launch_of<Scalar, 1, 32, 32>(op, tensors, device);
}

}  // namespace

Launch cross_entropy_backward_lanes_per_row(const Problem& problem, const Tensors& tensors, Device& device) {
  const CrossEntropy op(problem);
  return with_scalar(problem.dtype,
                     [&](auto tag) { return launch_for_row<typename decltype(tag)::type>(op, tensors, device); });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
