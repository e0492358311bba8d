// SPDX-License-Identifier: Apache-2.0
// Idea: operands of one shape: squares, and both gradients at once, on the shared elementwise kernel
// (kernels/shared/elementwise.cuh). A scalar g_y stays on the device; every thread reads it from the cache.
// Fast because nothing but memory counts here: packs of 16 bytes, several in flight per thread, and input and target
// read once for both gradients.
#include "kernels/shared/elementwise.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/mse_loss.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

struct Square {
  __device__ __forceinline__ void operator()(const float (&input_and_target)[2], float (&y)[1]) const {
    const float difference = input_and_target[0] - input_and_target[1];
    y[0] = difference * difference;
  }
};

/// Reduction none: arguments are input, target and g_y.
struct EachGradient {
  __device__ __forceinline__ void operator()(const float (&of)[3], float (&gradients)[2]) const {
    gradients[0] = (of[0] - of[1]) * (2.0f * of[2]);
    gradients[1] = -gradients[0];
  }
};

/// Sum and mean: one g_y for all, times 2 or 2 / count.
template <class Scalar>
struct CommonGradient {
  const Scalar* g;
  float factor;
  __device__ __forceinline__ void operator()(const float (&of)[2], float (&gradients)[2]) const {
    gradients[0] = (of[0] - of[1]) * (to_float(*g) * factor);
    gradients[1] = -gradients[0];
  }
};

}  // namespace

Launch mse_loss_forward_elementwise_packs(const Problem& problem, const Tensors& tensors, Device& device) {
  if (MseLoss(problem).count == 0) return [] {};
  return with_scalar(problem.dtype, [&](auto tag) {
    return elementwise_launch<typename decltype(tag)::type, 2, 1>(Square{}, tensors.inputs, tensors.outputs, device);
  });
}

Launch mse_loss_backward_elementwise_packs(const Problem& problem, const Tensors& tensors, Device& device) {
  const MseLoss op(problem);
  if (op.count == 0) return [] {};
  return with_scalar(problem.dtype, [&](auto tag) {
    using Scalar = typename decltype(tag)::type;
    if (op.reduction == Reduction::none)
      return elementwise_launch<Scalar, 3, 2>(EachGradient{}, tensors.inputs, tensors.outputs, device);
    const CommonGradient<Scalar> function{tensors.inputs[2].as<const Scalar>(), static_cast<float>(2 / op.divisor())};
    return elementwise_launch<Scalar, 2, 2>(function, {tensors.inputs[0], tensors.inputs[1]}, tensors.outputs, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
