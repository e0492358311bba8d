// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/add.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(add_forward_elementwise_packs)
LOCKSTEP_DECLARE_KERNEL(add_forward_broadcast_packs)
LOCKSTEP_DECLARE_KERNEL(add_backward_elementwise_packs)
LOCKSTEP_DECLARE_KERNEL(add_backward_broadcast_sums)
Launch add_forward_onednn(const Problem&, const Tensors&, Device&);
Launch add_backward_onednn(const Problem&, const Tensors&, Device&);
Launch add_forward_cudnn(const Problem&, const Tensors&, Device&);
Launch add_backward_cudnn(const Problem&, const Tensors&, Device&);

namespace {

/// One fused multiply-add, or a product: nothing is summed.
PrecisionContract one_rounding(const Problem&) { return float_accumulation(1); }

std::optional<std::string> shapes_differ(const Problem& problem) {
  const Add op(problem);
  if (op.a != op.b) return "operands of one shape only";
  return std::nullopt;
}

std::optional<std::string> too_large(const Problem& problem) {
  const Add op(problem);
  if (element_count(op.y) >= std::int64_t{1} << 31) return "2^31 elements or more: indices are 32 bits wide";
  if (op.y.size() > 16) return "more than 16 axes";
  return std::nullopt;
}

/// What neither library takes: gaps, shapes beyond its axes, and the sum of no elements, which it would leave
/// unwritten.
std::optional<std::string> not_for_libraries(const Problem& problem, std::size_t most_axes) {
  const Add op(problem);
  if (problem.layout == Layout::strided) return "the library is given dense tensors here";
  if (op.y.size() > most_axes) return "more than " + std::to_string(most_axes) + " axes";
  if (element_count(op.y) == 0) return "no elements";
  if (problem.direction == Direction::forward && op.a != op.y && op.b != op.y)
    return "both operands are broadcast; the library stretches one";
  return std::nullopt;
}

std::optional<std::string> not_for_onednn(const Problem& problem) {
  if (problem.dtype != DType::f32) return "oneDNN's sums are compared in f32";
  return not_for_libraries(problem, 12);
}

std::optional<std::string> not_for_cudnn(const Problem& problem) {
  if (problem.dtype == DType::bf16) return "cuDNN's documentation of cudnnOpTensor does not name bfloat16";
  return not_for_libraries(problem, 4);
}

}  // namespace

std::vector<Implementation> add_implementations() {
  return {
      cuda_kernel("elementwise_packs", Direction::forward, LOCKSTEP_KERNEL(add_forward_elementwise_packs),
                  shapes_differ, one_rounding),
      cuda_kernel("broadcast_packs", Direction::forward, LOCKSTEP_KERNEL(add_forward_broadcast_packs), too_large,
                  one_rounding),
      cuda_kernel("elementwise_packs", Direction::backward, LOCKSTEP_KERNEL(add_backward_elementwise_packs),
                  shapes_differ, one_rounding),
      cuda_kernel("broadcast_sums", Direction::backward, LOCKSTEP_KERNEL(add_backward_broadcast_sums), too_large,
                  [](const Problem&) { return float_accumulation(8); }),
      vendor_call(Backend::onednn, "binary", Direction::forward, LOCKSTEP_ONEDNN(add_forward_onednn), not_for_onednn,
                  one_rounding),
      vendor_call(Backend::onednn, "reduction", Direction::backward, LOCKSTEP_ONEDNN(add_backward_onednn),
                  not_for_onednn, one_rounding),
      vendor_call(Backend::cudnn, "op_tensor", Direction::forward, LOCKSTEP_CUDA_LIBRARY(add_forward_cudnn),
                  not_for_cudnn, one_rounding),
      vendor_call(Backend::cudnn, "reduce_tensor", Direction::backward, LOCKSTEP_CUDA_LIBRARY(add_backward_cudnn),
                  not_for_cudnn, one_rounding),
  };
}

}  // namespace lockstep
