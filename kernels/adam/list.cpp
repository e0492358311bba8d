// SPDX-License-Identifier: Apache-2.0
// No library that is compared here has steps of optimisers: cuDNN, cuBLAS and oneDNN end at the gradient.
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(adam_fused_packs)

namespace {

std::optional<std::string> not_dense(const Problem& problem) {
  if (problem.layout == Layout::strided) return "parameters and their state are dense here";
  return std::nullopt;
}

/// Single operations in float, no sum.
PrecisionContract single_operations(const Problem&) { return float_accumulation(1); }

}  // namespace

std::vector<Implementation> adam_implementations() {
  return {
      cuda_kernel("fused_packs", Direction::forward, LOCKSTEP_KERNEL(adam_fused_packs), not_dense, single_operations)};
}

}  // namespace lockstep
