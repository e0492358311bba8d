// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(relu_forward_elementwise_packs)
LOCKSTEP_DECLARE_KERNEL(relu_backward_elementwise_packs)
Launch relu_onednn(const Problem&, const Tensors&, Device&);

namespace {

/// Nothing is rounded: every result is a copy or zero.
PrecisionContract copies(const Problem&) { return float_accumulation(1); }

std::optional<std::string> not_for_onednn(const Problem& problem) {
  if (problem.layout == Layout::strided) return "oneDNN takes dense tensors here";
  if (problem.dtype != DType::f32) return "oneDNN's relu is compared in f32";
  if (problem.fill == Fill::special && problem.direction == Direction::forward)
    return "oneDNN's relu turns NaN into 0, where PyTorch keeps it";
  return std::nullopt;
}

}  // namespace

std::vector<Implementation> relu_implementations() {
  return {
      cuda_kernel("elementwise_packs", Direction::forward, LOCKSTEP_KERNEL(relu_forward_elementwise_packs), nullptr, copies),
      cuda_kernel("elementwise_packs", Direction::backward, LOCKSTEP_KERNEL(relu_backward_elementwise_packs), nullptr, copies),
      vendor_call(Backend::onednn, "eltwise", Direction::forward, LOCKSTEP_ONEDNN(relu_onednn), not_for_onednn, copies),
      vendor_call(Backend::onednn, "eltwise", Direction::backward, LOCKSTEP_ONEDNN(relu_onednn), not_for_onednn, copies),
  };
}

}  // namespace lockstep
