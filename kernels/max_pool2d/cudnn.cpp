// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_CUDA
#include <memory>

#include "kernels/shared/cudnn_handle.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/max_pool2d.hpp"

namespace lockstep {
namespace {

/// The tensor as cuDNN wants it: four axes, an unbatched one as a batch of one.
CudnnOwner<cudnnTensorDescriptor_t> four_axes(const TensorView& view) {
  if (view.shape.size() == 4) return make_cudnn_tensor(view.dtype, view.shape, view.strides);
  const Shape& s = view.shape;
  return make_cudnn_tensor(view.dtype, {1, s[0], s[1], s[2]},
                           {s[0] * view.strides[0], view.strides[0], view.strides[1], view.strides[2]});
}

}  // namespace

/// cudnnPoolingBackward in its deterministic mode. It finds the maxima again from x and y; cuDNN's own forward makes y
/// here, outside the timed launch. The indices are of no use to it.
Launch max_pool2d_backward_cudnn(const Problem& problem, const Tensors& tensors, Device& device) {
  const MaxPool2d op(problem);
  if (op.planes == 0) return [] {};
  const auto handle = make_cudnn_handle(device);
  const auto inputs = four_axes(tensors.inputs[0]), outputs = four_axes(tensors.inputs[2]);
  auto pooling = make_cudnn<cudnnPoolingDescriptor_t>(&cudnnCreatePoolingDescriptor, "cudnnCreatePoolingDescriptor");
  const PoolAxis &v = op.vertical, &h = op.horizontal;
  LOCKSTEP_CUDNN_CHECK(cudnnSetPooling2dDescriptor(pooling.get(), CUDNN_POOLING_MAX_DETERMINISTIC, CUDNN_PROPAGATE_NAN,
                                                   cudnn_extent(v.kernel), cudnn_extent(h.kernel),
                                                   cudnn_extent(v.padding), cudnn_extent(h.padding),
                                                   cudnn_extent(v.stride), cudnn_extent(h.stride)));
  const void* const x = tensors.inputs[0].data;
  const auto bytes = static_cast<std::size_t>(tensors.inputs[2].count()) * size_in_bytes(problem.dtype);
  const auto y = std::make_shared<DeviceMemory>(device, bytes);
  const float one = 1.0f, nothing = 0.0f;
  LOCKSTEP_CUDNN_CHECK(
      cudnnPoolingForward(handle.get(), pooling.get(), &one, inputs.get(), x, &nothing, outputs.get(), y->get()));
  return [=, g = tensors.inputs[2].data, d_x = tensors.outputs[0].data] {
    LOCKSTEP_CUDNN_CHECK(cudnnPoolingBackward(handle.get(), pooling.get(), &one, outputs.get(), y->get(), outputs.get(),
                                              g, inputs.get(), x, &nothing, inputs.get(), d_x));
  };
}

}  // namespace lockstep
#endif
