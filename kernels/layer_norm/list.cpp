// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/row_blocks.hpp"
#include "reference/layer_norm.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(layer_norm_forward_warp_per_row)
LOCKSTEP_DECLARE_KERNEL(layer_norm_forward_block_per_row)
LOCKSTEP_DECLARE_KERNEL(layer_norm_backward_warp_per_row)
LOCKSTEP_DECLARE_KERNEL(layer_norm_backward_block_per_row)
LOCKSTEP_DECLARE_KERNEL(layer_norm_backward_row_then_column)
Launch layer_norm_forward_onednn(const Problem&, const Tensors&, Device&);
Launch layer_norm_backward_onednn(const Problem&, const Tensors&, Device&);

namespace {

// Rows longer than this spill a lane's registers.
constexpr std::int64_t kLongestWarpRow = 1024;
// 1024 threads, which have 64 registers each, hold 8 elements of x, g_y and of both parameters' sums.
constexpr std::int64_t kLongestOnePassRow = 1024 * kFewHeld;
// Kernels count the elements of a row in 32 bits.
constexpr std::int64_t kLongestRow = std::int64_t{1} << 30;

/// Kernels walk rows of neighbouring elements.
std::optional<std::string> no_rows(const Problem& problem, std::int64_t longest, const char* why) {
  const LayerNorm op(problem);
  if (op.columns > longest) return why;
  if (problem.layout == Layout::strided && op.normalized_shape.size() > 1)
    return "strided views are taken where normalized_shape has one axis";
  if (problem.layout == Layout::channels_last && op.shape.size() >= 4)
    return "in channels_last the elements of a row do not lie next to each other";
  return std::nullopt;
}

std::optional<std::string> no_warp_row(const Problem& problem) {
  return no_rows(problem, kLongestWarpRow, "rows longer than 1024 do not fit the registers of a warp");
}
std::optional<std::string> no_one_pass_row(const Problem& problem) {
  return no_rows(problem, kLongestOnePassRow,
                 "rows longer than 8192 do not fit the registers of a block four times over");
}
std::optional<std::string> no_row(const Problem& problem) {
  return no_rows(problem, kLongestRow, "rows longer than 2^30 are not counted in 32 bits");
}

PrecisionContract contract_of(const Problem& problem, int threads) {
  return float_accumulation(partial_sums_of_row(LayerNorm(problem).columns, pack_of(problem.dtype), threads));
}
PrecisionContract warp_contract(const Problem& problem) { return contract_of(problem, 32); }
PrecisionContract block_contract(const Problem& problem) {
  return contract_of(problem, threads_for_row(LayerNorm(problem).columns));
}
/// The sums over rows for d_weight and d_bias end in 32 partial sums per column, however many threads a row has.
PrecisionContract block_backward_contract(const Problem& problem) {
  PrecisionContract contract = block_contract(problem);
  contract.partial_sums = std::min<std::int64_t>(contract.partial_sums, 32);
  return contract;
}
PrecisionContract any_order(const Problem&) { return float_accumulation(1); }

std::optional<std::string> not_for_onednn(const Problem& problem) {
  if (problem.layout != Layout::contiguous && problem.layout != Layout::unaligned)
    return "oneDNN takes contiguous rows here";
  if (problem.dtype != DType::f32) return "oneDNN's layer normalisation is compared in f32";
  return std::nullopt;
}

}  // namespace

// cuDNN has layer normalisation in its graph interface alone, which the peers here do not use.
std::vector<Implementation> layer_norm_implementations() {
  using enum Direction;
  return {
      cuda_kernel("warp_per_row", forward, LOCKSTEP_KERNEL(layer_norm_forward_warp_per_row), no_warp_row,
                  warp_contract),
      cuda_kernel("block_per_row", forward, LOCKSTEP_KERNEL(layer_norm_forward_block_per_row), no_row, block_contract),
      cuda_kernel("warp_per_row", backward, LOCKSTEP_KERNEL(layer_norm_backward_warp_per_row), no_warp_row,
                  warp_contract),
      cuda_kernel("block_per_row", backward, LOCKSTEP_KERNEL(layer_norm_backward_block_per_row), no_one_pass_row,
                  block_backward_contract),
      cuda_kernel("row_then_column", backward, LOCKSTEP_KERNEL(layer_norm_backward_row_then_column), no_row,
                  block_backward_contract),
      vendor_call(Backend::onednn, "layer_normalization", forward, LOCKSTEP_ONEDNN(layer_norm_forward_onednn),
                  not_for_onednn, any_order),
      vendor_call(Backend::onednn, "layer_normalization", backward, LOCKSTEP_ONEDNN(layer_norm_backward_onednn),
                  not_for_onednn, any_order),
  };
}

}  // namespace lockstep
