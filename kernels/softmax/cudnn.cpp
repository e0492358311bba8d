// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_CUDA
#include <memory>

#include "kernels/shared/cudnn_handle.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/softmax.hpp"

namespace lockstep {
namespace {

/// The tensor as [outer, length, inner, 1]: cuDNN normalises over the second axis (channel mode), or over all but the first
/// (instance mode, which is the same where inner is 1, and its path for rows).
struct CudnnSoftmax {
  CudnnOwner<cudnnHandle_t> handle;
  CudnnOwner<cudnnTensorDescriptor_t> layout;
  cudnnSoftmaxMode_t mode = CUDNN_SOFTMAX_MODE_CHANNEL;

  CudnnSoftmax(const Softmax& op, DType dtype, const Device& device) : handle(make_cudnn_handle(device)) {
    const Shape shape{op.outer, op.length, op.inner, 1};
    layout = make_cudnn_tensor(dtype, shape, row_major_strides(shape));
    if (op.inner == 1) mode = CUDNN_SOFTMAX_MODE_INSTANCE;
  }

  void forward(const void* x, void* y) const {
    const float one = 1.0f, zero = 0.0f;
    LOCKSTEP_CUDNN_CHECK(
        cudnnSoftmaxForward(handle.get(), CUDNN_SOFTMAX_ACCURATE, mode, &one, layout.get(), x, &zero, layout.get(), y));
  }
  void backward(const void* y, const void* g, void* d_x) const {
    const float one = 1.0f, zero = 0.0f;
    LOCKSTEP_CUDNN_CHECK(cudnnSoftmaxBackward(handle.get(), CUDNN_SOFTMAX_ACCURATE, mode, &one, layout.get(), y,
                                              layout.get(), g, &zero, layout.get(), d_x));
  }
};

}  // namespace

/// cuDNN's softmax that subtracts the maximum.
Launch softmax_forward_cudnn(const Problem& problem, const Tensors& tensors, Device& device) {
  const Softmax op(problem);
  if (op.groups() * op.length == 0) return [] {};
  return [plan = CudnnSoftmax(op, problem.dtype, device), x = tensors.inputs[0].data, y = tensors.outputs[0].data] {
    plan.forward(x, y);
  };
}

/// cuDNN's softmax backward, which reads y; cuDNN's own forward makes it here, outside the timed launch.
Launch softmax_backward_cudnn(const Problem& problem, const Tensors& tensors, Device& device) {
  const Softmax op(problem);
  if (op.groups() * op.length == 0) return [] {};
  const CudnnSoftmax plan(op, problem.dtype, device);
  const auto bytes = static_cast<std::size_t>(tensors.inputs[0].count()) * size_in_bytes(problem.dtype);
  const auto y = std::make_shared<DeviceMemory>(device, bytes);
  plan.forward(tensors.inputs[0].data, y->get());
  return [plan, y, g = tensors.inputs[1].data, d_x = tensors.outputs[0].data] { plan.backward(y->get(), g, d_x); };
}

}  // namespace lockstep
#endif
