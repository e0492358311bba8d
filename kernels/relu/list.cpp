// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/relu.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(relu_forward_elementwise_packs)
LOCKSTEP_DECLARE_KERNEL(relu_backward_elementwise_packs)
Launch relu_onednn(const Problem&, const Tensors&, Device&);
Launch relu_cudnn(const Problem&, const Tensors&, Device&);

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

std::optional<std::string> not_for_cudnn(const Problem& problem) {
  if (problem.layout == Layout::strided) return "cuDNN takes dense tensors here";
  if (problem.dtype == DType::bf16) return "cuDNN's documentation of activations does not name bfloat16";
  if (problem.fill == Fill::special && problem.direction == Direction::backward)
    return "cuDNN leaves open what gradient passes at NaN";
  if (Relu(problem).count() >= std::int64_t{1} << 31) return "2^31 elements or more";
  return std::nullopt;
}

}  // namespace

std::vector<Implementation> relu_implementations() {
  return {
      cuda_kernel("elementwise_packs", Direction::forward, LOCKSTEP_KERNEL(relu_forward_elementwise_packs), nullptr,
                  copies),
      cuda_kernel("elementwise_packs", Direction::backward, LOCKSTEP_KERNEL(relu_backward_elementwise_packs), nullptr,
                  copies),
      vendor_call(Backend::onednn, "eltwise", Direction::forward, LOCKSTEP_ONEDNN(relu_onednn), not_for_onednn, copies),
      vendor_call(Backend::onednn, "eltwise", Direction::backward, LOCKSTEP_ONEDNN(relu_onednn), not_for_onednn,
                  copies),
      vendor_call(Backend::cudnn, "activation", Direction::forward, LOCKSTEP_CUDA_LIBRARY(relu_cudnn), not_for_cudnn,
                  copies),
      vendor_call(Backend::cudnn, "activation", Direction::backward, LOCKSTEP_CUDA_LIBRARY(relu_cudnn), not_for_cudnn,
                  copies),
  };
}

}  // namespace lockstep
