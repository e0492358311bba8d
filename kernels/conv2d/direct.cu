// SPDX-License-Identifier: Apache-2.0
// Idea: every thread adds up one result by itself (y, d_x), or a few taps of one channel's d_weight: for groups of few
// channels, depthwise convolutions above all.
// Layout and why it is fast: direct.cuh.
#include "kernels/conv2d/direct.cuh"

#include "kernels/conv2d/bias_gradient.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

Launch conv2d_forward_direct(const Problem& problem, const Tensors& tensors, Device& device) {
  if (Conv2d(problem).is_empty()) return [] {};
  return with_scalar(problem.dtype, [&](auto tag) {
    using Scalar = typename decltype(tag)::type;
    return launch_direct_windows<Scalar>(forward_product<Scalar>(problem, tensors, device),
                                         channels_are_innermost(problem), device);
  });
}

Launch conv2d_backward_direct(const Problem& problem, const Tensors& tensors, Device& device) {
  const Conv2d op(problem);
  const bool innermost = channels_are_innermost(problem);
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    if (op.is_empty()) return prepare_empty_backward<Scalar>(op, tensors, device);
    const Launch d_x =
        launch_direct_windows<Scalar>(data_gradient_product<Scalar>(problem, tensors, device), innermost, device);
    const auto for_weight = weight_gradient<Scalar>(problem, tensors, device);
    const Launch d_weight = launch_direct_weight_gradient<Scalar>(for_weight, device);
    const Launch d_bias =
        op.bias ? prepare_bias_gradient<Scalar>(op, for_weight, innermost, tensors.outputs[2], device) : Launch([] {});
    return [=] {
      d_x();
      d_weight();
      d_bias();
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
