// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kernels/conv2d/onednn.hpp"
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/matrix_units.hpp"
#include "reference/conv2d.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(conv2d_forward_direct)
LOCKSTEP_DECLARE_KERNEL(conv2d_forward_implicit_gemm)
LOCKSTEP_DECLARE_KERNEL(conv2d_backward_direct)
LOCKSTEP_DECLARE_KERNEL(conv2d_backward_implicit_gemm)
LOCKSTEP_DECLARE_KERNEL(conv2d_forward_tensor_core)
LOCKSTEP_DECLARE_KERNEL(conv2d_backward_tensor_core)
Launch conv2d_forward_cudnn(const Problem&, const Tensors&, Device&);
Launch conv2d_backward_cudnn(const Problem&, const Tensors&, Device&);

namespace {

/// Groups of at most so many channels, in and out, are not worth a matrix product.
constexpr std::int64_t kFewChannels = 4;
/// Blocks along z, which the matrix product gives to groups and to phases of the stride.
constexpr std::int64_t kMostProducts = 65535;
/// Offsets and coordinates are held as int; strided views span up to twice their elements.
constexpr std::int64_t kMostElements = std::int64_t{1} << 29;

std::optional<std::string> too_large(const Conv2d& op) {
  const std::int64_t reach = std::max({op.size.height + 2 * op.padding_after.height + op.stride.height,
                                       op.size.width + 2 * op.padding_after.width + op.stride.width,
                                       op.dilation.height * op.kernel.height, op.dilation.width * op.kernel.width});
  const std::int64_t elements =
      std::max({element_count(op.x_shape), element_count(op.weight_shape), element_count(op.y_shape), reach});
  if (elements > kMostElements) return "kernels hold offsets as int: tensors of up to 2^29 elements";
  return std::nullopt;
}

std::int64_t products(const Conv2d& op) {
  return op.groups * std::min(op.stride.height, op.size.height) * std::min(op.stride.width, op.size.width);
}

std::optional<std::string> not_direct(const Problem& problem) {
  const Conv2d op(problem);
  if (std::max(op.in_per_group(), op.out_per_group()) > kFewChannels && products(op) <= kMostProducts)
    return "groups of more than 4 channels are for the matrix product";
  return too_large(op);
}

std::optional<std::string> not_implicit_gemm(const Problem& problem) {
  const Conv2d op(problem);
  if (products(op) > kMostProducts) return "at most 65535 groups times phases of the stride";
  return too_large(op);
}

/// Channels of a group in whole chunks of 16 bytes, which is what the matrix units see of them.
std::int64_t in_chunks(std::int64_t channels, DType dtype) {
  const std::int64_t chunk = dtype == DType::f32 ? 4 : 8;
  return (channels + chunk - 1) / chunk * chunk;
}

std::optional<std::string> not_for_units(const Problem& problem) {
  if (const auto reason = not_implicit_gemm(problem)) return reason;
  const Conv2d op(problem);
  const std::int64_t in = in_chunks(op.in_per_group(), problem.dtype),
                     out = in_chunks(op.out_per_group(), problem.dtype);
  const std::int64_t window = op.kernel.height * op.kernel.width;
  const std::int64_t most = std::max({op.images * op.groups * in * op.size.height * op.size.width,
                                      op.images * op.groups * out * op.out_size.height * op.out_size.width,
                                      op.out_channels * in * window, op.groups * op.in_per_group() * out * window});
  if (most > kMostElements) return "with channels filled up to chunks of 16 bytes: tensors of up to 2^29 elements";
  return std::nullopt;
}

std::optional<std::string> not_for_onednn(const Problem& problem) {
  if (const auto reason = no_conv2d_in_onednn(problem.dtype)) return reason;
  if (Conv2d(problem).is_empty()) return "oneDNN's convolution is compared on tensors with elements";
  return std::nullopt;
}

std::optional<std::string> not_for_cudnn(const Problem& problem) {
  const Conv2d op(problem);
  if (op.is_empty()) return "cuDNN takes no empty tensors";
  if (op.padding.height != op.padding_after.height || op.padding.width != op.padding_after.width)
    return "cuDNN pads both sides alike";
  if (problem.layout == Layout::channels_last && op.x_shape.size() == 4)
    return "cuDNN wants a channels-last weight for channels-last activations, PyTorch's is contiguous";
  if (problem.layout != Layout::contiguous) return "cuDNN is given aligned memory without gaps";
  return std::nullopt;
}

PrecisionContract any_order(const Problem&) { return float_accumulation(1); }

/// Chunks are filled up with zeros, so that the channels of a tap share no step with those of the next, and a part of a
/// split sum has fewer terms than products.
PrecisionContract tensor_core_contract(const Problem& problem) {
  const Conv2d op(problem);
  if (problem.direction == Direction::backward)
    return matrix_unit_contract(problem.dtype, 1,
                                {op.out_per_group(), op.images * op.out_size.height * op.out_size.width});
  const std::int64_t filled = std::max<std::int64_t>(in_chunks(op.in_per_group(), problem.dtype), 1);
  const std::int64_t terms_of_part = std::max<std::int64_t>(kTermsOfPart * op.in_per_group() / filled, 1);
  return matrix_unit_contract(problem.dtype, terms_of_part, {op.in_per_group()});
}

std::int64_t tensor_core_work(const Problem& problem) {
  const Conv2d op(problem);
  if (op.is_empty()) return 0;
  const std::int64_t window = op.kernel.height * op.kernel.width;
  const std::int64_t in = in_chunks(op.in_per_group(), problem.dtype),
                     out = in_chunks(op.out_per_group(), problem.dtype);
  const std::int64_t positions = op.images * op.out_size.height * op.out_size.width,
                     pixels = op.images * op.size.height * op.size.width;
  if (problem.direction == Direction::forward)
    return op.groups * unit_products(positions, op.out_per_group(), in * window);
  const std::int64_t phases = std::min(op.stride.height, op.size.height) * std::min(op.stride.width, op.size.width);
  return op.groups * (phases * unit_products(pixels / phases, op.in_per_group(), out * window / phases) +
                      unit_products(op.out_per_group(), in * window, positions));
}

}  // namespace

std::vector<Implementation> conv2d_implementations() {
  constexpr Direction forward = Direction::forward, backward = Direction::backward;
  std::vector<Implementation> list = {
      cuda_kernel("direct", forward, LOCKSTEP_KERNEL(conv2d_forward_direct), not_direct, any_order),
      cuda_kernel("implicit_gemm", forward, LOCKSTEP_KERNEL(conv2d_forward_implicit_gemm), not_implicit_gemm,
                  any_order),
      cuda_kernel("direct", backward, LOCKSTEP_KERNEL(conv2d_backward_direct), not_direct, any_order),
      cuda_kernel("implicit_gemm", backward, LOCKSTEP_KERNEL(conv2d_backward_implicit_gemm), not_implicit_gemm,
                  any_order),
      vendor_call(Backend::onednn, "direct", forward, LOCKSTEP_ONEDNN(conv2d_forward_onednn), not_for_onednn,
                  any_order),
      vendor_call(Backend::onednn, "direct", backward, LOCKSTEP_ONEDNN(conv2d_backward_onednn), not_for_onednn,
                  any_order),
      vendor_call(Backend::cudnn, "implicit_gemm", forward, LOCKSTEP_CUDA_LIBRARY(conv2d_forward_cudnn), not_for_cudnn,
                  vendor_product_contract),
      vendor_call(Backend::cudnn, "implicit_gemm", backward, LOCKSTEP_CUDA_LIBRARY(conv2d_backward_cudnn),
                  not_for_cudnn, vendor_product_contract),
  };
  const MatrixUnitTraits on_units{not_for_units, tensor_core_contract, tensor_core_work};
  add_tensor_core_kernels(list, forward, LOCKSTEP_KERNEL(conv2d_forward_tensor_core), on_units);
  add_tensor_core_kernels(list, backward, LOCKSTEP_KERNEL(conv2d_backward_tensor_core), on_units);
  return list;
}

}  // namespace lockstep
