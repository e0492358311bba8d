// SPDX-License-Identifier: Apache-2.0
// Idea: y = x W^T + b, d_x = g W and d_weight = g^T x on the matrix units, every factor read as it lies in memory; d_bias as
// sums over the columns of g.
// Layout and why it is fast: kernels/shared/tensor_core_tile.cuh and column_sums.cuh. The bias is added where the sums
// leave the registers. Few tiles with long sums are split over more blocks, whose parts are added in fixed order.
#include "kernels/linear/matrices.hpp"
#include "kernels/shared/column_sums.cuh"
#include "kernels/shared/tensor_core_product.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

Launch linear_forward_tensor_core(const Problem& problem, const Tensors& tensors, Device& device) {
  const Linear op(problem);
  const void* const bias = op.bias ? tensors.inputs[2].data : nullptr;
  return prepare_tensor_core_product(Transposed::second, linear_x(op, tensors.inputs[0]),
                                     linear_weight(op, tensors.inputs[1]), linear_y(op, tensors.outputs[0]), bias,
                                     device);
}

Launch linear_backward_tensor_core(const Problem& problem, const Tensors& tensors, Device& device) {
  const Linear op(problem);
  const MatrixView x = linear_x(op, tensors.inputs[0]), weight = linear_weight(op, tensors.inputs[1]);
  const MatrixView g = linear_y(op, tensors.inputs[2]);
  const Launch d_x =
      prepare_tensor_core_product(Transposed::neither, g, weight, linear_x(op, tensors.outputs[0]), nullptr, device);
  const Launch d_weight =
      prepare_tensor_core_product(Transposed::first, g, x, linear_weight(op, tensors.outputs[1]), nullptr, device);
  const Launch d_bias = !op.bias ? Launch([] {}) : with_scalar(problem.dtype, [&](auto tag) {
    return prepare_column_sums<typename decltype(tag)::type>(g, tensors.outputs[2], device);
  });
  return [=] {
    d_x();
    d_weight();
    d_bias();
  };
}

}  // namespace lockstep::LOCKSTEP_BACKEND
