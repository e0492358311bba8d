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

/// oneDNN's erf is Abramowitz and Stegun's 7.1.26, 1 - (a1 t + .. + a5 t^5) exp(-x^2), t = 1 / (1 + p x), in float. The
/// formula is off by up to 1.5e-7 (2.5 u); its roundings, which the alternating a_k magnify where t is near 1, add up to
/// 13 u, and a scaling by 1 / sqrt 2 twice some more in the forward. onednn_test.cpp derives the sums step by step. Nothing
/// shrinks with erf: only absolute accuracy is left. (A sweep of 2^20 points each way found up to 10.6 u.)
PrecisionContract polynomial_erf(const Problem& problem) {
  return {.erf_absolute = problem.direction == Direction::forward ? 17.0 : 16.0};
}

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
