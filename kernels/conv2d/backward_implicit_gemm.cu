// SPDX-License-Identifier: Apache-2.0
// Idea: d_x = weight^T times windows of g_y, one product per phase of the stride, so that no zero between strides is
// ever multiplied; d_weight = g_y times the windows of x, summed over positions.
// Layout and why it is fast: implicit_gemm.cuh. All phases and groups go into one launch. d_weight has few tiles and
// long sums: they are split over blocks and added in their order.
#include "kernels/conv2d/bias_gradient.cuh"
#include "kernels/conv2d/implicit_gemm.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

Launch conv2d_backward_implicit_gemm(const Problem& problem, const Tensors& tensors, Device& device) {
  const Conv2d op(problem);
  const bool innermost = channels_are_innermost(problem);
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    if (op.is_empty()) return prepare_empty_backward<Scalar>(op, tensors, device);
    const Launch d_x =
        launch_window_gemm<false>(data_gradient_product<Scalar>(problem, tensors, device), innermost, device);
    const auto for_weight = weight_gradient<Scalar>(problem, tensors, device);
    const Launch d_weight = launch_weight_gradient<Scalar>(for_weight, innermost, device);
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
