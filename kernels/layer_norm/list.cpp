// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/layer_norm.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(layer_norm_forward_warp_per_row)
Launch layer_norm_forward_onednn(const Problem&, const Tensors&, Device&);

namespace {

// Rows longer than this spill a lane's registers.
constexpr std::int64_t kLongestWarpRow = 1024;

/// Kernels walk rows of the last axis: a strided view is one row per row only where the last axis alone is normalised.
std::optional<std::string> rows_are_split(const Problem& problem, const LayerNorm& op) {
  if (problem.layout == Layout::strided && op.normalized_shape.size() > 1)
    return "strided views are taken where normalized_shape has one axis";
  return std::nullopt;
}

std::optional<std::string> no_warp_row(const Problem& problem) {
  const LayerNorm op(problem);
  if (op.columns > kLongestWarpRow) return "rows longer than 1024 do not fit the registers of a warp";
  return rows_are_split(problem, op);
}

std::optional<std::string> not_for_onednn(const Problem& problem) {
  if (problem.layout != Layout::contiguous && problem.layout != Layout::unaligned) return "oneDNN takes contiguous rows here";
  if (problem.dtype != DType::f32) return "oneDNN's layer normalisation is compared in f32";
  return std::nullopt;
}

}  // namespace

std::vector<Implementation> layer_norm_implementations() {
  return {
      cuda_kernel("warp_per_row", Direction::forward, LOCKSTEP_KERNEL(layer_norm_forward_warp_per_row), no_warp_row,
                  [](const Problem&) { return float_accumulation(32); }),
      vendor_call(Backend::onednn, "layer_normalization", Direction::forward, LOCKSTEP_ONEDNN(layer_norm_forward_onednn),
                  not_for_onednn, [](const Problem&) { return float_accumulation(1); }),
  };
}

}  // namespace lockstep
