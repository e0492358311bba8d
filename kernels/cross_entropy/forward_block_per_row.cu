// SPDX-License-Identifier: Apache-2.0
// Idea: a block owns a row of any length, such as a vocabulary; each thread holds its first logits in registers and reads
// what lies beyond again, from the L2 cache.
// Layout: up to 512 threads to a row; thread t holds packs t, t + threads, ... of 16 bytes. Blocks walk over rows.
// Fast because: rows of up to 16384 logits are read once; all loads of a thread are independent and coalesced.
#include "kernels/cross_entropy/forward_rows.cuh"
#include "kernels/shared/row_blocks.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

template <class Scalar, int kPack, int kHeld>
Launch launch_of(const CrossEntropy& op, const Tensors& tensors, Device& device) {
  return launch_losses<Scalar, BlockTeam, kPack, kHeld / kPack, kMostRowThreads>(op, tensors, RowGrid(op.rows(), 1),
                                                                                 threads_for_row(op.classes), device);
}

template <class Scalar>
Launch launch_for_row(const CrossEntropy& op, const Tensors& tensors, Device& device) {
  constexpr int kPack = kFullPack<Scalar>;
  const GroupLayout layout = rows_of(op, tensors.inputs[0]);
  const bool few = holds_few(op.classes);
  if (layout.rows_take_packs(tensors.inputs[0], kPack) &&
      (!op.has_probabilities || layout.rows_take_packs(tensors.inputs[1], kPack)))
    return few ? launch_of<Scalar, kPack, kFewHeld>(op, tensors, device)
               : launch_of<Scalar, kPack, kManyHeld>(op, tensors, device);
  return few ? launch_of<Scalar, 1, kFewHeld>(op, tensors, device)
             : launch_of<Scalar, 1, kManyHeld>(op, tensors, device);
}

}  // namespace

Launch cross_entropy_forward_block_per_row(const Problem& problem, const Tensors& tensors, Device& device) {
  const CrossEntropy op(problem);
  return with_scalar(problem.dtype,
                     [&](auto tag) { return launch_for_row<typename decltype(tag)::type>(op, tensors, device); });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
