// SPDX-License-Identifier: Apache-2.0
// Idea: d_x = g W and d_weight = g^T x as tiled products that read every factor as it lies in memory; d_bias as sums
// over the columns of g.
// Layout and why it is fast: kernels/shared/tiled_gemm.cuh and column_sums.cuh. d_weight's sums run over the rows,
// which are many where its tiles are few: k is then split over more blocks, whose parts are added in fixed order.
#include "kernels/linear/matrices.hpp"
#include "kernels/shared/column_sums.cuh"
#include "kernels/shared/gemm_launch.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

Launch linear_backward_tiled(const Problem& problem, const Tensors& tensors, Device& device) {
  const Linear op(problem);
  const MatrixView x = linear_x(op, tensors.inputs[0]), weight = linear_weight(op, tensors.inputs[1]);
  const MatrixView g = linear_y(op, tensors.inputs[2]);
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    const Launch d_x = prepare_gemm<Scalar, true, false>(g, weight, linear_x(op, tensors.outputs[0]), nullptr, device);
    const Launch d_weight =
        prepare_gemm<Scalar, false, false>(g, x, linear_weight(op, tensors.outputs[1]), nullptr, device);
    const Launch d_bias = op.bias ? prepare_column_sums<Scalar>(g, tensors.outputs[2], device) : Launch([] {});
    return [=] {
      d_x();
      d_weight();
      d_bias();
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
