// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_CUDA
#include "kernels/shared/cudnn_handle.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/channel_shuffle.hpp"

namespace lockstep {
namespace {

/// Both tensors over the same four axes [images, position, group, plane]; only their strides differ.
struct ShuffledAxes {
  Shape shape;
  Strides source, target;
};

/// The output's channel is position * groups + group, the input's group * per_group + position.
ShuffledAxes shuffled_axes(const ChannelShuffle& op, std::int64_t groups, const TensorView& x) {
  const std::int64_t per_group = op.channels / groups;
  const bool channels_last = !x.is_contiguous() && x.strides[1] == 1;
  if (channels_last)  // every pixel is an image with planes of one element
    return {{op.batch * op.plane, per_group, groups, 1}, {op.channels, 1, per_group, 1}, {op.channels, groups, 1, 1}};
  const std::int64_t image = x.strides[0], channel = x.strides[1];
  return {{op.batch, per_group, groups, op.plane},
          {image, channel, per_group * channel, 1},
          {image, groups * channel, channel, 1}};
}

}  // namespace

/// cudnnTransformTensor, which copies between tensors of one shape and different strides.
Launch channel_shuffle_cudnn(const Problem& problem, const Tensors& tensors, Device& device) {
  const ChannelShuffle op(problem);
  const std::int64_t groups = problem.direction == Direction::forward ? op.groups : op.channels / op.groups;
  const ShuffledAxes axes = shuffled_axes(op, groups, tensors.inputs[0]);
  const auto handle = make_cudnn_handle(device);
  const auto source = make_cudnn_tensor(problem.dtype, axes.shape, axes.source);
  const auto target = make_cudnn_tensor(problem.dtype, axes.shape, axes.target);
  return [handle, source, target, x = tensors.inputs[0].data, y = tensors.outputs[0].data] {
    const float one = 1.0f, zero = 0.0f;
    LOCKSTEP_CUDNN_CHECK(cudnnTransformTensor(handle.get(), &one, source.get(), x, &zero, target.get(), y));
  };
}

}  // namespace lockstep
#endif
