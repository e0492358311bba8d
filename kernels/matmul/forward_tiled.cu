// SPDX-License-Identifier: Apache-2.0
// Idea: y = a b as tiled products of the matrices as they lie in memory; batches are a further axis of the grid, and where
// b has none they are rows of one tall product.
// Layout and why it is fast: kernels/shared/tiled_gemm.cuh. Broadcast factors are not copied: a table of offsets leads each
// block to its matrices.
#include "kernels/matmul/batches.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

Launch matmul_forward_tiled(const Problem& problem, const Tensors& tensors, Device& device) {
  const Matmul op(problem);
  const TensorView &a = tensors.inputs[0], &b = tensors.inputs[1], &y = tensors.outputs[0];
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    if (folds_into_rows(op, a, y))
      return prepare_gemm<Scalar, true, false>(folded(op, matmul_a(op, a)), matmul_b(op, b).first,
                                               folded(op, matmul_y(op, y)), nullptr, device);
    return prepare_batches<Scalar, true, false>(op, op.batch, matmul_a(op, a), matmul_b(op, b), matmul_y(op, y),
                                                device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
