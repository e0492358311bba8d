// SPDX-License-Identifier: Apache-2.0
// cuDNN's convolution by the algorithms that add products as they stand and give the same bits in every run: no
// Winograd, no Fourier transform, no atomic additions. f32 is multiplied in f32, never in tf32.
#ifdef LOCKSTEP_WITH_CUDA
#include <algorithm>
#include <memory>

#include "kernels/conv2d/geometry.hpp"
#include "kernels/shared/cudnn_handle.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {
namespace {

constexpr float kOne = 1.0f, kZero = 0.0f;
constexpr auto kForward = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
constexpr auto kBackwardData = CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
constexpr auto kBackwardFilter = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1;

/// Handle and descriptors of one problem. x and y also describe their gradients.
struct Plan {
  Conv2d op;
  CudnnOwner<cudnnHandle_t> handle;
  CudnnOwner<cudnnTensorDescriptor_t> x, y, bias;
  CudnnOwner<cudnnFilterDescriptor_t> weight;
  CudnnOwner<cudnnConvolutionDescriptor_t> convolution;
  std::shared_ptr<DeviceMemory> workspace;
  std::size_t workspace_bytes = 0;

  Plan(const Problem& problem, const TensorView& x_tensor, const TensorView& y_tensor, Device& device)
      : op(problem), handle(make_cudnn_handle(device)) {
    const ImageView x_view = image_view(x_tensor), y_view = image_view(y_tensor);
    x = make_cudnn_tensor(problem.dtype, x_view.tensor.shape, x_view.tensor.strides);
    y = make_cudnn_tensor(problem.dtype, y_view.tensor.shape, y_view.tensor.strides);
    const Shape channels{1, op.out_channels, 1, 1};
    bias = make_cudnn_tensor(problem.dtype, channels, row_major_strides(channels));
    weight = make_cudnn<cudnnFilterDescriptor_t>(&cudnnCreateFilterDescriptor, "cudnnCreateFilterDescriptor");
    const Shape& w = op.weight_shape;
    LOCKSTEP_CUDNN_CHECK(cudnnSetFilter4dDescriptor(weight.get(), cudnn_type(problem.dtype), CUDNN_TENSOR_NCHW,
                                                    cudnn_extent(w[0]), cudnn_extent(w[1]), cudnn_extent(w[2]),
                                                    cudnn_extent(w[3])));
    convolution =
        make_cudnn<cudnnConvolutionDescriptor_t>(&cudnnCreateConvolutionDescriptor, "cudnnCreateConvolutionDescriptor");
    LOCKSTEP_CUDNN_CHECK(cudnnSetConvolution2dDescriptor(
        convolution.get(), cudnn_extent(op.padding.height), cudnn_extent(op.padding.width),
        cudnn_extent(op.stride.height), cudnn_extent(op.stride.width), cudnn_extent(op.dilation.height),
        cudnn_extent(op.dilation.width), CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
    LOCKSTEP_CUDNN_CHECK(cudnnSetConvolutionGroupCount(convolution.get(), cudnn_extent(op.groups)));
    const auto math = problem.dtype == DType::f32 ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH;
    LOCKSTEP_CUDNN_CHECK(cudnnSetConvolutionMathType(convolution.get(), math));
  }
  void reserve(std::size_t bytes, Device& device) {
    workspace_bytes = bytes;
    if (bytes > 0) workspace = std::make_shared<DeviceMemory>(device, bytes);
  }
  void* scratch() const { return workspace ? workspace->get() : nullptr; }
};

}  // namespace

/// The bias is added before the result is rounded, by the fused call with the identity as its activation.
Launch conv2d_forward_cudnn(const Problem& problem, const Tensors& tensors, Device& device) {
  const auto plan = std::make_shared<Plan>(problem, tensors.inputs[0], tensors.outputs[0], device);
  std::size_t bytes = 0;
  LOCKSTEP_CUDNN_CHECK(cudnnGetConvolutionForwardWorkspaceSize(
      plan->handle.get(), plan->x.get(), plan->weight.get(), plan->convolution.get(), plan->y.get(), kForward, &bytes));
  plan->reserve(bytes, device);
  const void *const x = tensors.inputs[0].data, *const weight = tensors.inputs[1].data;
  void* const y = tensors.outputs[0].data;
  if (!plan->op.bias)
    return [=] {
      const Plan& p = *plan;
      LOCKSTEP_CUDNN_CHECK(cudnnConvolutionForward(p.handle.get(), &kOne, p.x.get(), x, p.weight.get(), weight,
                                                   p.convolution.get(), kForward, p.scratch(), p.workspace_bytes,
                                                   &kZero, p.y.get(), y));
    };
  const auto identity =
      make_cudnn<cudnnActivationDescriptor_t>(&cudnnCreateActivationDescriptor, "cudnnCreateActivationDescriptor");
  LOCKSTEP_CUDNN_CHECK(
      cudnnSetActivationDescriptor(identity.get(), CUDNN_ACTIVATION_IDENTITY, CUDNN_NOT_PROPAGATE_NAN, 0.0));
  return [=, bias = tensors.inputs[2].data] {
    const Plan& p = *plan;
    LOCKSTEP_CUDNN_CHECK(cudnnConvolutionBiasActivationForward(
        p.handle.get(), &kOne, p.x.get(), x, p.weight.get(), weight, p.convolution.get(), kForward, p.scratch(),
        p.workspace_bytes, &kZero, p.y.get(), y, p.bias.get(), bias, identity.get(), p.y.get(), y));
  };
}

Launch conv2d_backward_cudnn(const Problem& problem, const Tensors& tensors, Device& device) {
  const auto plan = std::make_shared<Plan>(problem, tensors.inputs[0], tensors.inputs[2], device);
  std::size_t for_data = 0, for_filter = 0;
  LOCKSTEP_CUDNN_CHECK(cudnnGetConvolutionBackwardDataWorkspaceSize(plan->handle.get(), plan->weight.get(),
                                                                    plan->y.get(), plan->convolution.get(),
                                                                    plan->x.get(), kBackwardData, &for_data));
  LOCKSTEP_CUDNN_CHECK(cudnnGetConvolutionBackwardFilterWorkspaceSize(plan->handle.get(), plan->x.get(), plan->y.get(),
                                                                      plan->convolution.get(), plan->weight.get(),
                                                                      kBackwardFilter, &for_filter));
  plan->reserve(std::max(for_data, for_filter), device);
  return [plan, x = tensors.inputs[0].data, weight = tensors.inputs[1].data, g = tensors.inputs[2].data,
          d_x = tensors.outputs[0].data, d_weight = tensors.outputs[1].data,
          d_bias = plan->op.bias ? tensors.outputs[2].data : nullptr] {
    const Plan& p = *plan;
    LOCKSTEP_CUDNN_CHECK(cudnnConvolutionBackwardData(p.handle.get(), &kOne, p.weight.get(), weight, p.y.get(), g,
                                                      p.convolution.get(), kBackwardData, p.scratch(),
                                                      p.workspace_bytes, &kZero, p.x.get(), d_x));
    LOCKSTEP_CUDNN_CHECK(cudnnConvolutionBackwardFilter(p.handle.get(), &kOne, p.x.get(), x, p.y.get(), g,
                                                        p.convolution.get(), kBackwardFilter, p.scratch(),
                                                        p.workspace_bytes, &kZero, p.weight.get(), d_weight));
    if (d_bias)
      LOCKSTEP_CUDNN_CHECK(
          cudnnConvolutionBackwardBias(p.handle.get(), &kOne, p.y.get(), g, &kZero, p.bias.get(), d_bias));
  };
}

}  // namespace lockstep
#endif
