// SPDX-License-Identifier: Apache-2.0
// No library that is compared here clips: cuDNN, cuBLAS and oneDNN end at the gradient.
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(clip_grad_norm_split_norm)

namespace {

std::optional<std::string> not_dense(const Problem& problem) {
  if (problem.layout == Layout::strided) return "gradients are dense here";
  return std::nullopt;
}

/// 256 threads, whose chains a tree joins. Powers come from CUDA's powf, documented with 4 units (the formula's exp of p
/// log x has to carry them).
PrecisionContract chains_of_a_block(const Problem&) {
  PrecisionContract contract = float_accumulation(256);
  contract.exp_ulp = 4;
  return contract;
}

}  // namespace

std::vector<Implementation> clip_grad_norm_implementations() {
  return {cuda_kernel("split_norm", Direction::forward, LOCKSTEP_KERNEL(clip_grad_norm_split_norm), not_dense,
                      chains_of_a_block)};
}

}  // namespace lockstep
