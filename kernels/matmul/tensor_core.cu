// SPDX-License-Identifier: Apache-2.0
// Idea: y = a b, d_a = g b^T and d_b = a^T g on the matrix units, the matrices read as they lie in memory; batches are a
// further axis of the grid, and where b has none they are rows of one tall product. The gradient of a factor that batches
// share adds its parts in fixed order.
// Layout and why it is fast: kernels/shared/tensor_core_tile.cuh.
#include "kernels/matmul/batches.cuh"
#include "kernels/shared/tensor_core_product.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

/// A product of batches whose result has the batch axes `own`.
Launch prepare_unit_batches(const Matmul& op, Transposed transposed, const Shape& own,
                            const BatchedMatrix& first_factor, const BatchedMatrix& second_factor,
                            const BatchedMatrix& result, Device& device) {
  if (result.first.tensor.count() == 0) return [] {};
  MatrixView a = first_factor.first, b = second_factor.first;
  if (op.batches() == 0) {  // a sum of no batches: no terms
    (transposed == Transposed::first ? a.rows : a.columns) = 0;
    (transposed == Transposed::second ? b.columns : b.rows) = 0;
  }
  const auto offsets = offsets_of(op, own, first_factor, second_factor, result);
  return prepare_tensor_core_product(transposed, a, b, result.first, nullptr, device, &offsets);
}

}  // namespace

Launch matmul_forward_tensor_core(const Problem& problem, const Tensors& tensors, Device& device) {
  const Matmul op(problem);
  const BatchedMatrix a = matmul_a(op, tensors.inputs[0]), b = matmul_b(op, tensors.inputs[1]);
  const BatchedMatrix y = matmul_y(op, tensors.outputs[0]);
  if (folds_into_rows(op, tensors.inputs[0], tensors.outputs[0]))
    return prepare_tensor_core_product(Transposed::neither, folded(op, a), b.first, folded(op, y), nullptr, device);
  return prepare_unit_batches(op, Transposed::neither, op.batch, a, b, y, device);
}

Launch matmul_backward_tensor_core(const Problem& problem, const Tensors& tensors, Device& device) {
  const Matmul op(problem);
  const BatchedMatrix a = matmul_a(op, tensors.inputs[0]), b = matmul_b(op, tensors.inputs[1]);
  const BatchedMatrix g = matmul_y(op, tensors.inputs[2]);
  const BatchedMatrix d_a = matmul_a(op, tensors.outputs[0]), d_b = matmul_b(op, tensors.outputs[1]);
  Launch of_a, of_b;
  if (folds_into_rows(op, tensors.inputs[0], tensors.inputs[2])) {
    const MatrixView tall_g = folded(op, g);
    of_a = prepare_tensor_core_product(Transposed::second, tall_g, b.first, folded(op, d_a), nullptr, device);
    of_b = prepare_tensor_core_product(Transposed::first, folded(op, a), tall_g, d_b.first, nullptr, device);
  } else {
    of_a = prepare_unit_batches(op, Transposed::second, op.a_batch, g, b, d_a, device);
    of_b = prepare_unit_batches(op, Transposed::first, op.b_batch, a, g, d_b, device);
  }
  return [of_a, of_b] {
    of_a();
    of_b();
  };
}

}  // namespace lockstep::LOCKSTEP_BACKEND
