// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/group_layout.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/row_blocks.hpp"
#include "reference/softmax.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(softmax_forward_warp_per_row)
LOCKSTEP_DECLARE_KERNEL(softmax_forward_block_per_row)
LOCKSTEP_DECLARE_KERNEL(softmax_forward_lanes_across_groups)
LOCKSTEP_DECLARE_KERNEL(softmax_backward_warp_per_row)
LOCKSTEP_DECLARE_KERNEL(softmax_backward_block_per_row)
LOCKSTEP_DECLARE_KERNEL(softmax_backward_lanes_across_groups)
Launch softmax_forward_onednn(const Problem&, const Tensors&, Device&);
Launch softmax_backward_onednn(const Problem&, const Tensors&, Device&);
Launch softmax_forward_cudnn(const Problem&, const Tensors&, Device&);
Launch softmax_backward_cudnn(const Problem&, const Tensors&, Device&);

namespace {

// Rows longer than this spill a lane's registers.
constexpr std::int64_t kLongestWarpRow = 1024;
// Kernels count elements of a row, and groups, in 32 bits.
constexpr std::int64_t kMostCounted = std::int64_t{1} << 30;

/// Whether groups of this problem are rows, judged by its layout.
bool groups_are_rows(const Problem& problem) {
  const Softmax op(problem);
  return GroupLayout(op.dim, {nullptr, problem.dtype, op.shape, strides_of(op.shape, problem.layout)}).is_rows();
}

std::optional<std::string> no_block_row(const Problem& problem) {
  if (!groups_are_rows(problem)) return "the elements of a group do not lie next to each other";
  if (Softmax(problem).length > kMostCounted) return "rows longer than 2^30 are not counted in 32 bits";
  return std::nullopt;
}

std::optional<std::string> no_warp_row(const Problem& problem) {
  if (Softmax(problem).length > kLongestWarpRow) return "rows longer than 1024 do not fit the registers of a warp";
  return no_block_row(problem);
}

std::optional<std::string> no_lanes(const Problem& problem) {
  if (Softmax(problem).groups() > kMostCounted) return "more than 2^30 groups are not counted in 32 bits";
  return std::nullopt;
}

PrecisionContract warp_contract(const Problem& problem) {
  const std::int64_t length = Softmax(problem).length;
  const int pack = pack_of(problem.dtype), lanes = length <= 64 ? 8 : 32;
  return float_accumulation(partial_sums_of_row(length, pack, lanes));
}

PrecisionContract block_contract(const Problem& problem) {
  const std::int64_t length = Softmax(problem).length;
  return float_accumulation(partial_sums_of_row(length, pack_of(problem.dtype), threads_for_row(length)));
}

PrecisionContract lanes_contract(const Problem& problem) {
  return float_accumulation(threads_for_group(Softmax(problem).length));
}

// oneDNN's exponential gives 0 where e^x is below the smallest normal number; cuDNN says nothing of its own.
PrecisionContract vendor_contract(const Problem&) { return {.partial_sums = 1, .flushes_subnormals = true}; }

std::optional<std::string> not_for_onednn(const Problem& problem) {
  if (problem.fill == Fill::special) return "oneDNN's exponential clamps its argument, which hides NaN and infinities";
  if (problem.dtype != DType::f32) return "oneDNN's softmax is compared in f32";
  return std::nullopt;
}

std::optional<std::string> not_for_cudnn(const Problem& problem) {
  if (problem.layout != Layout::contiguous) return "cuDNN's softmax is compared on contiguous tensors";
  const Softmax op(problem);
  if (op.groups() > kMostCounted || op.length > kMostCounted) return "cuDNN counts extents in 32 bits";
  return std::nullopt;
}

std::optional<std::string> not_for_cudnn_backward(const Problem& problem) {
  if (problem.dtype != DType::f32) return "cuDNN's backward reads y, which 16 bits would round first; compared in f32";
  return not_for_cudnn(problem);
}

}  // namespace

std::vector<Implementation> softmax_implementations() {
  using enum Direction;
  return {
      cuda_kernel("warp_per_row", forward, LOCKSTEP_KERNEL(softmax_forward_warp_per_row), no_warp_row, warp_contract),
      cuda_kernel("block_per_row", forward, LOCKSTEP_KERNEL(softmax_forward_block_per_row), no_block_row,
                  block_contract),
      cuda_kernel("lanes_across_groups", forward, LOCKSTEP_KERNEL(softmax_forward_lanes_across_groups), no_lanes,
                  lanes_contract),
      cuda_kernel("warp_per_row", backward, LOCKSTEP_KERNEL(softmax_backward_warp_per_row), no_warp_row, warp_contract),
      cuda_kernel("block_per_row", backward, LOCKSTEP_KERNEL(softmax_backward_block_per_row), no_block_row,
                  block_contract),
      cuda_kernel("lanes_across_groups", backward, LOCKSTEP_KERNEL(softmax_backward_lanes_across_groups), no_lanes,
                  lanes_contract),
      vendor_call(Backend::onednn, "softmax", forward, LOCKSTEP_ONEDNN(softmax_forward_onednn), not_for_onednn,
                  vendor_contract),
      vendor_call(Backend::onednn, "softmax", backward, LOCKSTEP_ONEDNN(softmax_backward_onednn), not_for_onednn,
                  vendor_contract),
      vendor_call(Backend::cudnn, "softmax", forward, LOCKSTEP_CUDA_LIBRARY(softmax_forward_cudnn), not_for_cudnn,
                  vendor_contract),
      vendor_call(Backend::cudnn, "softmax", backward, LOCKSTEP_CUDA_LIBRARY(softmax_backward_cudnn),
                  not_for_cudnn_backward, vendor_contract),
  };
}

}  // namespace lockstep
