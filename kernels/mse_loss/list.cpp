// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/mse_loss/split.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/row_blocks.hpp"
#include "reference/mse_loss.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(mse_loss_forward_elementwise_packs)
LOCKSTEP_DECLARE_KERNEL(mse_loss_forward_broadcast_walk)
LOCKSTEP_DECLARE_KERNEL(mse_loss_forward_split_sums)
LOCKSTEP_DECLARE_KERNEL(mse_loss_backward_elementwise_packs)
LOCKSTEP_DECLARE_KERNEL(mse_loss_backward_broadcast_walk)
Launch mse_loss_forward_onednn(const Problem&, const Tensors&, Device&);
Launch mse_loss_backward_onednn(const Problem&, const Tensors&, Device&);

namespace {

using Reason = std::optional<std::string>;

Reason too_large(const MseLoss& op) {
  if (op.count >= std::int64_t{1} << 31) return "2^31 elements or more: indices are 32 bits wide";
  if (op.full.size() > 16) return "more than 16 axes";
  return std::nullopt;
}

Reason not_same_shape(const Problem& problem) {
  if (MseLoss(problem).broadcasts()) return "operands of one shape only";
  return std::nullopt;
}

Reason not_elementwise(const Problem& problem) {
  if (MseLoss(problem).reduction != Reduction::none) return "takes the reduction none";
  return not_same_shape(problem);
}

Reason not_broadcast(const Problem& problem) {
  const MseLoss op(problem);
  if (problem.direction == Direction::forward && op.reduction != Reduction::none) return "takes the reduction none";
  return too_large(op);
}

Reason not_summed(const Problem& problem) {
  const MseLoss op(problem);
  if (op.reduction == Reduction::none) return "takes the reductions mean and sum";
  return too_large(op);
}

Reason not_for_onednn(const Problem& problem) {
  const MseLoss op(problem);
  if (problem.dtype != DType::f32) return "oneDNN's steps are compared in f32";
  if (op.broadcasts()) return "oneDNN is given operands of one shape here";
  if (op.count == 0) return "no elements";
  if (problem.layout == Layout::strided) return "oneDNN is given dense tensors here";
  return std::nullopt;
}

/// Nothing is summed, or in any order.
PrecisionContract any_order(const Problem&) { return float_accumulation(1); }

/// Every thread has a chain of its own, and each takes whole packs where there are any.
PrecisionContract chains(const Problem& problem) {
  const std::int64_t count = MseLoss(problem).count, pack = pack_of(problem.dtype);
  const auto threads = static_cast<int>(splits_of_sum(count / pack)) * kSplitThreads;
  return float_accumulation(partial_sums_of_row(count, static_cast<int>(pack), threads));
}

}  // namespace

std::vector<Implementation> mse_loss_implementations() {
  using enum Direction;
  return {
      cuda_kernel("elementwise_packs", forward, LOCKSTEP_KERNEL(mse_loss_forward_elementwise_packs), not_elementwise,
                  any_order),
      cuda_kernel("split_sums", forward, LOCKSTEP_KERNEL(mse_loss_forward_split_sums), not_summed, chains),
      cuda_kernel("broadcast_walk", forward, LOCKSTEP_KERNEL(mse_loss_forward_broadcast_walk), not_broadcast,
                  any_order),
      cuda_kernel("elementwise_packs", backward, LOCKSTEP_KERNEL(mse_loss_backward_elementwise_packs), not_same_shape,
                  any_order),
      cuda_kernel("broadcast_walk", backward, LOCKSTEP_KERNEL(mse_loss_backward_broadcast_walk), not_broadcast,
                  any_order),
      vendor_call(Backend::onednn, "binary", forward, LOCKSTEP_ONEDNN(mse_loss_forward_onednn), not_for_onednn,
                  any_order),
      vendor_call(Backend::onednn, "binary", backward, LOCKSTEP_ONEDNN(mse_loss_backward_onednn), not_for_onednn,
                  any_order),
  };
}

}  // namespace lockstep
