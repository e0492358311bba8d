// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/max_pool2d.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(max_pool2d_forward_output_per_thread)
LOCKSTEP_DECLARE_KERNEL(max_pool2d_forward_channel_packs)
LOCKSTEP_DECLARE_KERNEL(max_pool2d_backward_gather)
LOCKSTEP_DECLARE_KERNEL(max_pool2d_backward_channel_packs)
Launch max_pool2d_forward_onednn(const Problem&, const Tensors&, Device&);
Launch max_pool2d_backward_onednn(const Problem&, const Tensors&, Device&);
Launch max_pool2d_backward_cudnn(const Problem&, const Tensors&, Device&);

namespace {

/// The forward copies; the backward adds the gradients of overlapping windows one after another.
PrecisionContract one_chain(const Problem&) { return float_accumulation(1); }

bool has_channels_innermost(const Problem& problem) {
  return problem.layout == Layout::channels_last && problem.shape("x").size() == 4;
}

std::optional<std::string> too_large(const Problem& problem) {
  constexpr std::int64_t kMostCounted = std::int64_t{1} << 30;
  const MaxPool2d op(problem);
  const auto spans_more = [](const PoolAxis& axis) {
    return (axis.kernel - 1) * axis.dilation + axis.stride + axis.padding > kMostCounted;
  };
  if (op.planes * op.plane_inputs() > kMostCounted || op.planes * op.plane_outputs() > kMostCounted ||
      spans_more(op.vertical) || spans_more(op.horizontal))
    return "more than 2^30 elements are not counted in 32 bits";
  return std::nullopt;
}

std::optional<std::string> no_planes(const Problem& problem) {
  if (has_channels_innermost(problem)) return "walks planes, which do not lie together in channels_last tensors";
  return too_large(problem);
}

std::optional<std::string> no_channel_packs(const Problem& problem) {
  if (!has_channels_innermost(problem))
    return "gathers channels, which lie together in channels_last tensors of rank 4";
  return too_large(problem);
}

std::optional<std::string> not_for_onednn(const Problem& problem) {
  if (problem.layout == Layout::strided) return "oneDNN takes dense tensors here";
  if (problem.dtype != DType::f32) return "oneDNN's pooling is compared in f32";
  if (problem.fill == Fill::special) return "oneDNN's pooling passes over NaN, and begins at the lowest finite number";
  const MaxPool2d op(problem);
  for (const PoolAxis* axis : {&op.vertical, &op.horizontal})
    if (axis->padding > 0 && axis->dilation > 1)
      return "windows of padding alone have no element that oneDNN could name";
  return std::nullopt;
}

/// cuDNN's pooling gives no indices, so that only its backward can be compared.
std::optional<std::string> not_for_cudnn(const Problem& problem) {
  if (problem.layout == Layout::strided) return "cuDNN takes dense tensors here";
  if (problem.dtype != DType::f32 || (problem.fill != Fill::normal && problem.fill != Fill::offset))
    return "cuDNN does not say which of equal maxima gets the gradient; compared in f32 on numbers that hardly ever "
           "tie";
  const MaxPool2d op(problem);
  for (const PoolAxis* axis : {&op.vertical, &op.horizontal}) {
    if (axis->dilation > 1) return "cuDNN's pooling knows no dilation";
    if ((axis->extent + 2 * axis->padding - axis->kernel) / axis->stride + 1 != axis->outputs)
      return "cuDNN's pooling rounds the number of outputs down";
  }
  return too_large(problem);
}

}  // namespace

std::vector<Implementation> max_pool2d_implementations() {
  using enum Direction;
  return {
      cuda_kernel("output_per_thread", forward, LOCKSTEP_KERNEL(max_pool2d_forward_output_per_thread), no_planes,
                  one_chain),
      cuda_kernel("channel_packs", forward, LOCKSTEP_KERNEL(max_pool2d_forward_channel_packs), no_channel_packs,
                  one_chain),
      vendor_call(Backend::onednn, "pooling", forward, LOCKSTEP_ONEDNN(max_pool2d_forward_onednn), not_for_onednn,
                  one_chain),
      cuda_kernel("gather", backward, LOCKSTEP_KERNEL(max_pool2d_backward_gather), no_planes, one_chain),
      cuda_kernel("channel_packs", backward, LOCKSTEP_KERNEL(max_pool2d_backward_channel_packs), no_channel_packs,
                  one_chain),
      vendor_call(Backend::onednn, "pooling", backward, LOCKSTEP_ONEDNN(max_pool2d_backward_onednn), not_for_onednn,
                  one_chain),
      vendor_call(Backend::cudnn, "pooling", backward, LOCKSTEP_CUDA_LIBRARY(max_pool2d_backward_cudnn), not_for_cudnn,
                  one_chain),
  };
}

}  // namespace lockstep
