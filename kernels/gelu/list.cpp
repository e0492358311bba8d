// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(gelu_forward_elementwise_packs)
LOCKSTEP_DECLARE_KERNEL(gelu_backward_elementwise_packs)
Launch gelu_onednn(const Problem&, const Tensors&, Device&);

namespace {

/// erff, tanhf and expf with the errors that CUDA documents; nothing is summed.
PrecisionContract documented_functions(const Problem&) { return float_accumulation(1); }

/// oneDNN does not document its erf. A sweep of 2^20 points each way found an absolute error of up to 10.6 u, which fits a
/// polynomial that keeps absolute accuracy only. The 16 u here are that measurement with room to spare, not a derivation.
PrecisionContract polynomial_erf(const Problem&) { return {.erf_absolute = 16}; }

std::optional<std::string> not_for_onednn(const Problem& problem) {
  if (problem.layout == Layout::strided) return "oneDNN takes dense tensors here";
  if (problem.dtype != DType::f32) return "oneDNN's gelu is compared in f32";
  return std::nullopt;
}

}  // namespace

std::vector<Implementation> gelu_implementations() {
  return {
      cuda_kernel("elementwise_packs", Direction::forward, LOCKSTEP_KERNEL(gelu_forward_elementwise_packs), nullptr,
                  documented_functions),
      cuda_kernel("elementwise_packs", Direction::backward, LOCKSTEP_KERNEL(gelu_backward_elementwise_packs), nullptr,
                  documented_functions),
      vendor_call(Backend::onednn, "eltwise", Direction::forward, LOCKSTEP_ONEDNN(gelu_onednn), not_for_onednn,
                  polynomial_erf),
      vendor_call(Backend::onednn, "eltwise", Direction::backward, LOCKSTEP_ONEDNN(gelu_onednn), not_for_onednn,
                  polynomial_erf),
  };
}

}  // namespace lockstep
