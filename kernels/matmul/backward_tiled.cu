// SPDX-License-Identifier: Apache-2.0
// Idea: d_a = g b^T and d_b = a^T g as tiled products of the matrices as they lie in memory. The gradient of a factor that
// batches share sums over them: where b has no batches as one sum over the rows of all, else as parts of one result.
// Layout and why it is fast: kernels/shared/tiled_gemm.cuh. Parts are added in fixed order: the same bits in every run.
#include "kernels/matmul/batches.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

Launch matmul_backward_tiled(const Problem& problem, const Tensors& tensors, Device& device) {
  const Matmul op(problem);
  const BatchedMatrix a = matmul_a(op, tensors.inputs[0]), b = matmul_b(op, tensors.inputs[1]);
  const BatchedMatrix g = matmul_y(op, tensors.inputs[2]);
  const BatchedMatrix d_a = matmul_a(op, tensors.outputs[0]), d_b = matmul_b(op, tensors.outputs[1]);
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    Launch of_a, of_b;
    if (folds_into_rows(op, tensors.inputs[0], tensors.inputs[2])) {
      const MatrixView tall_g = folded(op, g);
      of_a = prepare_gemm<Scalar, true, true>(tall_g, b.first, folded(op, d_a), nullptr, device);
      of_b = prepare_gemm<Scalar, false, false>(folded(op, a), tall_g, d_b.first, nullptr, device);
    } else {
      of_a = prepare_batches<Scalar, true, true>(op, op.a_batch, g, b, d_a, device);
      of_b = prepare_batches<Scalar, false, false>(op, op.b_batch, a, g, d_b, device);
    }
    return [of_a, of_b] {
      of_a();
      of_b();
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
