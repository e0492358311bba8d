// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_CUDA
#include "kernels/shared/cudnn_handle.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/relu.hpp"

namespace lockstep {

/// cudnnActivationForward and cudnnActivationBackward on dense tensors seen as one axis. The backward wants y as well
/// as x; both have the same sign, so x serves as y.
Launch relu_cudnn(const Problem& problem, const Tensors& tensors, Device& device) {
  const std::int64_t count = Relu(problem).count();
  if (count == 0) return [] {};
  const auto handle = make_cudnn_handle(device);
  const auto line = make_cudnn_tensor(problem.dtype, {1, 1, 1, count}, {count, count, count, 1});
  auto unit =
      make_cudnn<cudnnActivationDescriptor_t>(&cudnnCreateActivationDescriptor, "cudnnCreateActivationDescriptor");
  LOCKSTEP_CUDNN_CHECK(cudnnSetActivationDescriptor(unit.get(), CUDNN_ACTIVATION_RELU, CUDNN_PROPAGATE_NAN, 0.0));
  void* const x = tensors.inputs[0].data;
  void* const result = tensors.outputs[0].data;
  if (problem.direction == Direction::forward)
    return [=] {
      const float one = 1.0f, nothing = 0.0f;
      LOCKSTEP_CUDNN_CHECK(
          cudnnActivationForward(handle.get(), unit.get(), &one, line.get(), x, &nothing, line.get(), result));
    };
  void* const g = tensors.inputs[1].data;
  return [=] {
    const float one = 1.0f, nothing = 0.0f;
    LOCKSTEP_CUDNN_CHECK(cudnnActivationBackward(handle.get(), unit.get(), &one, line.get(), x, line.get(), g,
                                                 line.get(), x, &nothing, line.get(), result));
  };
}

}  // namespace lockstep
#endif
