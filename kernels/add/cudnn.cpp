// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_CUDA
#include <algorithm>
#include <memory>

#include "kernels/add/padded_view.hpp"
#include "kernels/shared/cudnn_handle.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/add.hpp"

namespace lockstep {
namespace {

constexpr std::size_t kAxes = 4;

CudnnOwner<cudnnTensorDescriptor_t> describe(const TensorView& view) {
  return make_cudnn_tensor(view.dtype, view.shape, view.strides);
}

/// alpha times the sum of the copies' gradients, by cudnnReduceTensor; a scaled copy where nothing was broadcast.
Launch gradient(const CudnnOwner<cudnnHandle_t>& handle, const TensorView& g, const TensorView& result, float alpha,
                Device& device) {
  const auto from = describe(g), to = describe(result);
  if (g.shape == result.shape)
    return [=] {
      const float nothing = 0.0f;
      LOCKSTEP_CUDNN_CHECK(
          cudnnTransformTensor(handle.get(), &alpha, from.get(), g.data, &nothing, to.get(), result.data));
    };
  auto sum = make_cudnn<cudnnReduceTensorDescriptor_t>(&cudnnCreateReduceTensorDescriptor,
                                                       "cudnnCreateReduceTensorDescriptor");
  LOCKSTEP_CUDNN_CHECK(cudnnSetReduceTensorDescriptor(sum.get(), CUDNN_REDUCE_TENSOR_ADD, CUDNN_DATA_FLOAT,
                                                      CUDNN_PROPAGATE_NAN, CUDNN_REDUCE_TENSOR_NO_INDICES,
                                                      CUDNN_32BIT_INDICES));
  std::size_t bytes = 0;
  LOCKSTEP_CUDNN_CHECK(cudnnGetReductionWorkspaceSize(handle.get(), sum.get(), from.get(), to.get(), &bytes));
  const auto workspace = std::make_shared<DeviceMemory>(device, std::max<std::size_t>(bytes, 1));
  return [=] {
    const float nothing = 0.0f;
    LOCKSTEP_CUDNN_CHECK(cudnnReduceTensor(handle.get(), sum.get(), nullptr, 0, workspace->get(), bytes, &alpha,
                                           from.get(), g.data, &nothing, to.get(), result.data));
  };
}

}  // namespace

/// cudnnOpTensor stretches its second operand, so the one that has y's shape goes first; alpha scales whichever b
/// became.
Launch add_forward_cudnn(const Problem& problem, const Tensors& tensors, Device& device) {
  const Add op(problem);
  const TensorView a = padded_view(tensors.inputs[0], kAxes), b = padded_view(tensors.inputs[1], kAxes),
                   y = padded_view(tensors.outputs[0], kAxes);
  const bool swapped = a.shape != y.shape;
  const TensorView first = swapped ? b : a, second = swapped ? a : b;
  const auto alpha = static_cast<float>(op.alpha);
  const float first_scale = swapped ? alpha : 1.0f, second_scale = swapped ? 1.0f : alpha;
  const auto handle = make_cudnn_handle(device);
  const auto of_first = describe(first), of_second = describe(second), of_y = describe(y);
  auto sum = make_cudnn<cudnnOpTensorDescriptor_t>(&cudnnCreateOpTensorDescriptor, "cudnnCreateOpTensorDescriptor");
  LOCKSTEP_CUDNN_CHECK(
      cudnnSetOpTensorDescriptor(sum.get(), CUDNN_OP_TENSOR_ADD, CUDNN_DATA_FLOAT, CUDNN_PROPAGATE_NAN));
  return [=] {
    const float nothing = 0.0f;
    LOCKSTEP_CUDNN_CHECK(cudnnOpTensor(handle.get(), sum.get(), &first_scale, of_first.get(), first.data, &second_scale,
                                       of_second.get(), second.data, &nothing, of_y.get(), y.data));
  };
}

Launch add_backward_cudnn(const Problem& problem, const Tensors& tensors, Device& device) {
  const Add op(problem);
  const TensorView g = padded_view(tensors.inputs[0], kAxes);
  const auto handle = make_cudnn_handle(device);
  const Launch of_a = gradient(handle, g, padded_view(tensors.outputs[0], kAxes), 1.0f, device);
  const Launch of_b = gradient(handle, g, padded_view(tensors.outputs[1], kAxes), static_cast<float>(op.alpha), device);
  return [of_a, of_b] {
    of_a();
    of_b();
  };
}

}  // namespace lockstep
#endif
