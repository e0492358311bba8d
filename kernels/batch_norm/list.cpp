// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/geometry.hpp"
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(batch_norm_forward_channel_in_registers)
LOCKSTEP_DECLARE_KERNEL(batch_norm_forward_split_planes)
LOCKSTEP_DECLARE_KERNEL(batch_norm_forward_channels_last)
LOCKSTEP_DECLARE_KERNEL(batch_norm_forward_evaluation)
LOCKSTEP_DECLARE_KERNEL(batch_norm_backward_channel_in_registers)
LOCKSTEP_DECLARE_KERNEL(batch_norm_backward_split_planes)
LOCKSTEP_DECLARE_KERNEL(batch_norm_backward_channels_last)
LOCKSTEP_DECLARE_KERNEL(batch_norm_backward_evaluation)
Launch batch_norm_forward_onednn(const Problem&, const Tensors&, Device&);
Launch batch_norm_backward_onednn(const Problem&, const Tensors&, Device&);
Launch batch_norm_forward_cudnn_spatial(const Problem&, const Tensors&, Device&);
Launch batch_norm_forward_cudnn_spatial_persistent(const Problem&, const Tensors&, Device&);
Launch batch_norm_backward_cudnn_spatial(const Problem&, const Tensors&, Device&);
Launch batch_norm_backward_cudnn_spatial_persistent(const Problem&, const Tensors&, Device&);

namespace {

using Reason = std::optional<std::string>;

/// What holds for every kernel: the layouts that exist here, and 32-bit numbers for the values of one channel.
Reason not_dense(const Problem& problem) {
  if (problem.layout == Layout::strided)
    return "strided views are not taken; accepted: contiguous, channels_last, unaligned";
  if (BatchNorm(problem).count() > std::numeric_limits<std::int32_t>::max()) return "more than 2^31 values per channel";
  return std::nullopt;
}

Reason not_planes(const Problem& problem) {
  if (!BatchNorm(problem).from_batch()) return "normalises with the batch's statistics; this is evaluation";
  if (const Reason reason = not_dense(problem)) return reason;
  if (!lies_in_planes(problem)) return "channels lie side by side, not in planes";
  return std::nullopt;
}

Reason too_long_forward(const Problem& problem) {
  if (const Reason reason = not_planes(problem)) return reason;
  const BatchNorm op(problem);
  const bool packed = op.plane % 4 == 0 && problem.layout != Layout::unaligned;
  if (!HeldChannel::fits(op, packed ? HeldChannel::kMostHeld : HeldChannel::kUsuallyHeld))
    return "more than 16384 values per channel (32768 in planes of whole packs)";
  return std::nullopt;
}
Reason too_long_backward(const Problem& problem) {
  if (const Reason reason = not_planes(problem)) return reason;
  if (!HeldChannel::fits(BatchNorm(problem), HeldChannel::kUsuallyHeld)) return "more than 16384 values per channel";
  return std::nullopt;
}

/// Two launches and four sums over a block are no way to normalise a handful of values.
Reason not_worth_splitting(const Problem& problem) {
  if (const Reason reason = not_planes(problem)) return reason;
  if (PlaneSlabs::slabs(BatchNorm(problem)) == 1)
    return "a channel of at most 4096 values is one slab: nothing to split";
  return std::nullopt;
}

Reason not_columns(const Problem& problem) {
  if (!BatchNorm(problem).from_batch()) return "normalises with the batch's statistics; this is evaluation";
  if (const Reason reason = not_dense(problem)) return reason;
  if (!lies_in_columns(problem)) return "channels lie in planes, not side by side";
  return std::nullopt;
}

Reason not_evaluation(const Problem& problem) {
  if (BatchNorm(problem).from_batch()) return "normalises with the running statistics; this takes the batch's";
  return not_dense(problem);
}

Reason not_for_onednn(const Problem& problem) {
  if (problem.dtype != DType::f32) return "oneDNN's batch normalisation is compared in f32";
  return not_dense(problem);
}

Reason not_for_cudnn(const Problem& problem) {
  if (problem.dtype == DType::bf16) return "cuDNN's batch normalisation is compared in f32 and f16";
  if (problem.layout == Layout::unaligned) return "cuDNN is given aligned memory";
  if (BatchNorm(problem).count() == 0) return "cuDNN takes no empty tensors";
  return not_dense(problem);
}
Reason not_for_cudnn_backward(const Problem& problem) {
  if (!BatchNorm(problem).from_batch()) return "cuDNN has no backward of evaluation";
  return not_for_cudnn(problem);
}

/// Sums in an order that is not documented, in two passes: the sources of its kernels for the CPU say so.
PrecisionContract onednn_contract(const Problem&) { return float_accumulation(1); }
/// Nothing is documented; one pass over x is assumed where statistics are taken, so that no more is demanded than that.
PrecisionContract cudnn_contract(const Problem&) {
  PrecisionContract contract = float_accumulation(1);
  contract.variance = VarianceAlgorithm::one_pass;
  return contract;
}

PrecisionContract held_channel(const Problem& problem) {
  return float_accumulation(HeldChannel::partial_sums(BatchNorm(problem)));
}
PrecisionContract plane_slabs(const Problem& problem) {
  return float_accumulation(PlaneSlabs::partial_sums(BatchNorm(problem)));
}
PrecisionContract column_slabs(const Problem& problem) {
  return float_accumulation(ColumnSlabs::partial_sums(BatchNorm(problem)));
}
PrecisionContract evaluation(const Problem& problem) {
  return lies_in_planes(problem) ? plane_slabs(problem) : column_slabs(problem);
}

}  // namespace

std::vector<Implementation> batch_norm_implementations() {
  constexpr Direction forward = Direction::forward, backward = Direction::backward;
  return {
      cuda_kernel("channels_last", forward, LOCKSTEP_KERNEL(batch_norm_forward_channels_last), not_columns,
                  column_slabs),
      cuda_kernel("channel_in_registers", forward, LOCKSTEP_KERNEL(batch_norm_forward_channel_in_registers),
                  too_long_forward, held_channel),
      cuda_kernel("split_planes", forward, LOCKSTEP_KERNEL(batch_norm_forward_split_planes), not_worth_splitting,
                  plane_slabs),
      cuda_kernel("evaluation", forward, LOCKSTEP_KERNEL(batch_norm_forward_evaluation), not_evaluation, evaluation),
      vendor_call(Backend::onednn, "batch_normalization", forward, LOCKSTEP_ONEDNN(batch_norm_forward_onednn),
                  not_for_onednn, onednn_contract),
      vendor_call(Backend::cudnn, "spatial", forward, LOCKSTEP_CUDA_LIBRARY(batch_norm_forward_cudnn_spatial),
                  not_for_cudnn, cudnn_contract),
      vendor_call(Backend::cudnn, "spatial_persistent", forward,
                  LOCKSTEP_CUDA_LIBRARY(batch_norm_forward_cudnn_spatial_persistent), not_for_cudnn, cudnn_contract),
      cuda_kernel("channels_last", backward, LOCKSTEP_KERNEL(batch_norm_backward_channels_last), not_columns,
                  column_slabs),
      cuda_kernel("channel_in_registers", backward, LOCKSTEP_KERNEL(batch_norm_backward_channel_in_registers),
                  too_long_backward, held_channel),
      cuda_kernel("split_planes", backward, LOCKSTEP_KERNEL(batch_norm_backward_split_planes), not_worth_splitting,
                  plane_slabs),
      cuda_kernel("evaluation", backward, LOCKSTEP_KERNEL(batch_norm_backward_evaluation), not_evaluation, evaluation),
      vendor_call(Backend::onednn, "batch_normalization", backward, LOCKSTEP_ONEDNN(batch_norm_backward_onednn),
                  not_for_onednn, onednn_contract),
      vendor_call(Backend::cudnn, "spatial", backward, LOCKSTEP_CUDA_LIBRARY(batch_norm_backward_cudnn_spatial),
                  not_for_cudnn_backward, cudnn_contract),
      vendor_call(Backend::cudnn, "spatial_persistent", backward,
                  LOCKSTEP_CUDA_LIBRARY(batch_norm_backward_cudnn_spatial_persistent), not_for_cudnn_backward,
                  cudnn_contract),
  };
}

}  // namespace lockstep
