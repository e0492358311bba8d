// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_CUDA
#include <vector>

#include "harness/device/cuda_check.hpp"
#include "kernels/batch_norm/arguments.hpp"
#include "kernels/shared/cudnn_handle.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {
namespace {

constexpr float kOne = 1.0f, kZero = 0.0f;

/// Handle, descriptors and memory of one problem. Without weights cuDNN is given ones and zeros, and somewhere to leave
/// gradients that nobody asked for.
struct Plan {
  BatchNormArguments a;
  cudnnBatchNormMode_t mode;
  cudaStream_t stream;
  CudnnOwner<cudnnHandle_t> handle;
  CudnnOwner<cudnnTensorDescriptor_t> activations, channels;
  std::shared_ptr<DeviceMemory> ones, zeros, unwanted_weight, unwanted_bias, counter;

  Plan(const Problem& problem, const Tensors& tensors, Device& device, cudnnBatchNormMode_t mode_)
      : a(problem, tensors),
        mode(mode_),
        stream(static_cast<cudaStream_t>(device.stream())),
        handle(make_cudnn_handle(device)) {
    const BatchNorm& op = a.op;
    // Batch normalisation does not care how a plane is cut: three axes are folded into rows of the last one's extent.
    const std::int64_t width = op.shape.size() > 2 ? op.shape.back() : 1, height = op.plane / width;
    const Shape shape{op.images, op.channels, height, width};
    const bool columns = !lies_in_planes(problem);
    activations = make_cudnn_tensor(problem.dtype, shape,
                                    strides_of(shape, columns ? Layout::channels_last : Layout::contiguous));
    channels = make_cudnn<cudnnTensorDescriptor_t>(&cudnnCreateTensorDescriptor, "cudnnCreateTensorDescriptor");
    LOCKSTEP_CUDNN_CHECK(cudnnDeriveBNTensorDescriptor(channels.get(), activations.get(), mode));
    ones = filled(device, 1.0f);
    zeros = filled(device, 0.0f);
    unwanted_weight = filled(device, 0.0f);
    unwanted_bias = filled(device, 0.0f);
    counter = std::make_shared<DeviceMemory>(device, sizeof(std::int64_t));
    const std::int64_t after = op.batches_after();
    device.copy_to_device(counter->get(), &after, sizeof after);
  }

  std::shared_ptr<DeviceMemory> filled(Device& device, float value) const {
    const std::vector<float> host(static_cast<std::size_t>(a.op.channels), value);
    auto memory = std::make_shared<DeviceMemory>(device, host.size() * sizeof(float));
    device.copy_to_device(memory->get(), host.data(), host.size() * sizeof(float));
    return memory;
  }
  void copy(void* to, const void* from, std::size_t bytes) const {
    LOCKSTEP_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream));
  }
  /// The running statistics as they were, for cuDNN to update in place, and the counter as it will be.
  void copy_running() const {
    if (!a.running_mean_out) return;
    const std::size_t bytes = static_cast<std::size_t>(a.op.channels) * sizeof(float);
    copy(a.running_mean_out, a.running_mean, bytes);
    copy(a.running_var_out, a.running_var, bytes);
    copy(a.num_batches_tracked_out, counter->get(), sizeof(std::int64_t));
  }
  const void* scale() const { return a.weight ? a.weight : ones->get(); }
  const void* shift() const { return a.bias ? a.bias : zeros->get(); }
};

Launch forward(const Problem& problem, const Tensors& tensors, Device& device, cudnnBatchNormMode_t mode) {
  const auto plan = std::make_shared<Plan>(problem, tensors, device, mode);
  return [plan] {
    const Plan& p = *plan;
    const BatchNormArguments& a = p.a;
    p.copy_running();
    if (!a.op.from_batch()) {
      LOCKSTEP_CUDNN_CHECK(cudnnBatchNormalizationForwardInference(
          p.handle.get(), p.mode, &kOne, &kZero, p.activations.get(), a.x.data, p.activations.get(), a.y.data,
          p.channels.get(), p.scale(), p.shift(), a.running_mean, a.running_var, a.op.eps));
      return;
    }
    LOCKSTEP_CUDNN_CHECK(cudnnBatchNormalizationForwardTraining(
        p.handle.get(), p.mode, &kOne, &kZero, p.activations.get(), a.x.data, p.activations.get(), a.y.data,
        p.channels.get(), p.scale(), p.shift(), a.op.factor, a.op.updates() ? a.running_mean_out : nullptr,
        a.op.updates() ? a.running_var_out : nullptr, a.op.eps, nullptr, nullptr));
  };
}

Launch backward(const Problem& problem, const Tensors& tensors, Device& device, cudnnBatchNormMode_t mode) {
  const auto plan = std::make_shared<Plan>(problem, tensors, device, mode);
  return [plan] {
    const Plan& p = *plan;
    const BatchNormArguments& a = p.a;
    LOCKSTEP_CUDNN_CHECK(cudnnBatchNormalizationBackward(
        p.handle.get(), p.mode, &kOne, &kZero, &kOne, &kZero, p.activations.get(), a.x.data, p.activations.get(),
        a.g_y.data, p.activations.get(), a.d_x.data, p.channels.get(), p.scale(),
        a.d_weight ? a.d_weight : p.unwanted_weight->get(), a.d_bias ? a.d_bias : p.unwanted_bias->get(), a.op.eps,
        a.saved_mean, a.saved_rstd));
  };
}

}  // namespace

Launch batch_norm_forward_cudnn_spatial(const Problem& problem, const Tensors& tensors, Device& device) {
  return forward(problem, tensors, device, CUDNN_BATCHNORM_SPATIAL);
}
Launch batch_norm_forward_cudnn_spatial_persistent(const Problem& problem, const Tensors& tensors, Device& device) {
  return forward(problem, tensors, device, CUDNN_BATCHNORM_SPATIAL_PERSISTENT);
}
Launch batch_norm_backward_cudnn_spatial(const Problem& problem, const Tensors& tensors, Device& device) {
  return backward(problem, tensors, device, CUDNN_BATCHNORM_SPATIAL);
}
Launch batch_norm_backward_cudnn_spatial_persistent(const Problem& problem, const Tensors& tensors, Device& device) {
  return backward(problem, tensors, device, CUDNN_BATCHNORM_SPATIAL_PERSISTENT);
}

}  // namespace lockstep
#endif
