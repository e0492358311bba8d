// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(clip_grad_value_elementwise_packs)

namespace {

/// Copies, or the bound rounded once.
PrecisionContract copies(const Problem&) { return float_accumulation(1); }

}  // namespace

std::vector<Implementation> clip_grad_value_implementations() {
  return {cuda_kernel("elementwise_packs", Direction::forward, LOCKSTEP_KERNEL(clip_grad_value_elementwise_packs),
                      nullptr, copies)};
}

}  // namespace lockstep
