// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/tanh.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(tanh_forward_elementwise_packs)
LOCKSTEP_DECLARE_KERNEL(tanh_backward_elementwise_packs)
Launch tanh_onednn(const Problem&, const Tensors&, Device&);
Launch tanh_cudnn(const Problem&, const Tensors&, Device&);

namespace {

/// tanhf with the error that CUDA documents; nothing is summed.
PrecisionContract documented_tanh(const Problem&) { return float_accumulation(1); }

std::optional<std::string> not_for_onednn(const Problem& problem) {
  if (problem.layout == Layout::strided) return "oneDNN takes dense tensors here";
  if (problem.dtype != DType::f32) return "oneDNN's tanh is compared in f32";
  return std::nullopt;
}

std::optional<std::string> not_for_cudnn(const Problem& problem) {
  if (problem.layout == Layout::strided) return "cuDNN takes dense tensors here";
  if (problem.dtype == DType::bf16) return "cuDNN's documentation of activations does not name bfloat16";
  if (problem.direction == Direction::backward && problem.dtype != DType::f32)
    return "cuDNN's backward reads y, which 16 bits would round first; compared in f32";
  if (Tanh(problem).count() >= std::int64_t{1} << 31) return "2^31 elements or more";
  return std::nullopt;
}

}  // namespace

std::vector<Implementation> tanh_implementations() {
  using enum Direction;
  return {
      cuda_kernel("elementwise_packs", forward, LOCKSTEP_KERNEL(tanh_forward_elementwise_packs), nullptr,
                  documented_tanh),
      cuda_kernel("elementwise_packs", backward, LOCKSTEP_KERNEL(tanh_backward_elementwise_packs), nullptr,
                  documented_tanh),
      vendor_call(Backend::onednn, "eltwise", forward, LOCKSTEP_ONEDNN(tanh_onednn), not_for_onednn, documented_tanh),
      vendor_call(Backend::onednn, "eltwise", backward, LOCKSTEP_ONEDNN(tanh_onednn), not_for_onednn, documented_tanh),
      vendor_call(Backend::cudnn, "activation", forward, LOCKSTEP_CUDA_LIBRARY(tanh_cudnn), not_for_cudnn,
                  documented_tanh),
      vendor_call(Backend::cudnn, "activation", backward, LOCKSTEP_CUDA_LIBRARY(tanh_cudnn), not_for_cudnn,
                  documented_tanh),
  };
}

}  // namespace lockstep
