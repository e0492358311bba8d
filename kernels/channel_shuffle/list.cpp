// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/onednn_dtypes.hpp"
#include "reference/channel_shuffle.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(channel_shuffle_forward_plane_copies)
LOCKSTEP_DECLARE_KERNEL(channel_shuffle_backward_plane_copies)
LOCKSTEP_DECLARE_KERNEL(channel_shuffle_forward_pixel_gather)
LOCKSTEP_DECLARE_KERNEL(channel_shuffle_backward_pixel_gather)
Launch channel_shuffle_onednn(const Problem&, const Tensors&, Device&);
Launch channel_shuffle_cudnn(const Problem&, const Tensors&, Device&);

namespace {

std::optional<std::string> too_large(const Problem& problem) {
  const ChannelShuffle op(problem);
  if (op.channels * op.plane >= std::int64_t{1} << 31) return "one image has more than 2^31 elements";
  return std::nullopt;
}

std::optional<std::string> not_channels_last(const Problem& problem) {
  if (problem.layout != Layout::channels_last || problem.shape("x").size() < 4)
    return "gathers pixels, which lie together in channels_last tensors of rank 4 and 5";
  return too_large(problem);
}

std::optional<std::string> not_for_onednn(const Problem& problem) {
  const ChannelShuffle op(problem);
  if (element_count(op.shape) == 0) return "oneDNN's shuffle takes no empty tensors";
  if (problem.layout == Layout::strided) return "oneDNN's shuffle takes dense tensors";
  if (problem.dtype == DType::f16) return "oneDNN 2.6 has no float16 on the CPU";
  return not_on_this_processor_in_onednn(problem.dtype);
}

std::optional<std::string> not_for_cudnn(const Problem& problem) {
  const ChannelShuffle op(problem);
  if (element_count(op.shape) == 0) return "cuDNN takes no empty tensors";
  if (problem.layout == Layout::strided && op.shape.size() > 3)
    return "cuDNN's transform is given four axes: a plane must be one of them";
  if (problem.dtype == DType::bf16) return "cuDNN's transform is compared in f32 and f16";
  if (op.channels * op.plane * op.batch >= std::int64_t{1} << 31) return "cuDNN takes fewer than 2^31 elements";
  return std::nullopt;
}

// Nothing is computed, so that there is nothing to promise: the bound of a copy is zero under any contract.
PrecisionContract copies(const Problem&) { return float_accumulation(1); }

// cudnnTransformTensor is documented as alpha x + beta y: with beta = 0 that may turn -0 into 0.
PrecisionContract scaled_sum(const Problem&) { return {.copies_keep_zero_sign = false}; }

}  // namespace

std::vector<Implementation> channel_shuffle_implementations() {
  return {
      cuda_kernel("pixel_gather", Direction::forward, LOCKSTEP_KERNEL(channel_shuffle_forward_pixel_gather),
                  not_channels_last, copies),
      cuda_kernel("pixel_gather", Direction::backward, LOCKSTEP_KERNEL(channel_shuffle_backward_pixel_gather),
                  not_channels_last, copies),
      cuda_kernel("plane_copies", Direction::forward, LOCKSTEP_KERNEL(channel_shuffle_forward_plane_copies), too_large,
                  copies),
      cuda_kernel("plane_copies", Direction::backward, LOCKSTEP_KERNEL(channel_shuffle_backward_plane_copies),
                  too_large, copies),
      vendor_call(Backend::onednn, "shuffle", Direction::forward, LOCKSTEP_ONEDNN(channel_shuffle_onednn),
                  not_for_onednn, copies),
      vendor_call(Backend::onednn, "shuffle", Direction::backward, LOCKSTEP_ONEDNN(channel_shuffle_onednn),
                  not_for_onednn, copies),
      vendor_call(Backend::cudnn, "transform_tensor", Direction::forward, LOCKSTEP_CUDA_LIBRARY(channel_shuffle_cudnn),
                  not_for_cudnn, scaled_sum),
      vendor_call(Backend::cudnn, "transform_tensor", Direction::backward, LOCKSTEP_CUDA_LIBRARY(channel_shuffle_cudnn),
                  not_for_cudnn, scaled_sum),
  };
}

}  // namespace lockstep
