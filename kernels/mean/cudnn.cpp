// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_CUDA
#include "kernels/mean/plan.hpp"
#include "kernels/shared/cudnn_handle.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

/// cudnnReduceTensor with the operation AVG over the merged axes, of which it takes four here.
Launch mean_forward_cudnn(const Problem& problem, const Tensors& tensors, Device& device) {
  const Mean op(problem);
  const TensorView x = tensors.inputs[0], y = tensors.outputs[0];
  Shape x_shape, y_shape;
  Strides x_strides, y_strides;
  for (const MeanAxis& axis : plan_mean(op, x.strides, y.strides)) {
    x_shape.push_back(axis.extent);
    y_shape.push_back(axis.is_reduced ? 1 : axis.extent);
    x_strides.push_back(axis.x_stride);
    y_strides.push_back(axis.is_reduced ? 1 : axis.y_stride);
  }
  for (auto* list : {&x_shape, &y_shape, &x_strides, &y_strides}) list->resize(4, 1);

  const auto handle = make_cudnn_handle(device);
  const auto from = make_cudnn_tensor(problem.dtype, x_shape, x_strides);
  const auto to = make_cudnn_tensor(problem.dtype, y_shape, y_strides);
  const auto reduction = make_cudnn<cudnnReduceTensorDescriptor_t>(&cudnnCreateReduceTensorDescriptor,
                                                                   "cudnnCreateReduceTensorDescriptor");
  LOCKSTEP_CUDNN_CHECK(cudnnSetReduceTensorDescriptor(reduction.get(), CUDNN_REDUCE_TENSOR_AVG, CUDNN_DATA_FLOAT,
                                                      CUDNN_PROPAGATE_NAN, CUDNN_REDUCE_TENSOR_NO_INDICES,
                                                      CUDNN_32BIT_INDICES));
  std::size_t bytes = 0;
  LOCKSTEP_CUDNN_CHECK(cudnnGetReductionWorkspaceSize(handle.get(), reduction.get(), from.get(), to.get(), &bytes));
  const auto workspace = std::make_shared<DeviceMemory>(device, bytes > 0 ? bytes : 1);
  return [handle, from, to, reduction, workspace, bytes, x = x.data, y = y.data] {
    const float one = 1.0f, zero = 0.0f;
    LOCKSTEP_CUDNN_CHECK(cudnnReduceTensor(handle.get(), reduction.get(), nullptr, 0, workspace->get(), bytes, &one,
                                           from.get(), x, &zero, to.get(), y));
  };
}

}  // namespace lockstep
#endif
