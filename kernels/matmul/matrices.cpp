// SPDX-License-Identifier: Apache-2.0
#include "kernels/matmul/matrices.hpp"

namespace lockstep {
namespace {

/// Strides of the leading axes over the broadcast batch axes.
Strides over_batches(const Matmul& op, const TensorView& tensor, std::size_t own_axes) {
  Strides strides(op.batch.size(), 0);
  for (std::size_t axis = 0; axis < own_axes; ++axis)
    if (tensor.shape[axis] != 1) strides[op.batch.size() - own_axes + axis] = tensor.strides[axis];
  return strides;
}

std::int64_t stride_from_back(const TensorView& tensor, std::size_t place) {
  return tensor.strides[tensor.strides.size() - place];
}

}  // namespace

BatchedMatrix matmul_a(const Matmul& op, const TensorView& tensor) {
  const std::int64_t pitch = op.a.size() > 1 ? stride_from_back(tensor, 2) : op.k;
  return {{tensor, op.m, op.k, pitch}, over_batches(op, tensor, op.a_batch.size())};
}

BatchedMatrix matmul_b(const Matmul& op, const TensorView& tensor) {
  const std::int64_t pitch = op.b.size() > 1 ? stride_from_back(tensor, 2) : stride_from_back(tensor, 1);
  return {{tensor, op.k, op.n, pitch}, over_batches(op, tensor, op.b_batch.size())};
}

BatchedMatrix matmul_y(const Matmul& op, const TensorView& tensor) {
  // Without an axis of columns the rows are the last axis; without one of rows there is one row.
  std::int64_t pitch = op.n;
  if (op.a.size() > 1) pitch = stride_from_back(tensor, op.b.size() > 1 ? 2 : 1);
  return {{tensor, op.m, op.n, pitch}, over_batches(op, tensor, op.batch.size())};
}

bool folds(const Matmul& op, const BatchedMatrix& matrix) {
  std::int64_t distance = matrix.first.rows * matrix.first.pitch;
  for (std::size_t axis = op.batch.size(); axis-- > 0;) {
    if (op.batch[axis] == 1) continue;
    if (matrix.batch_strides[axis] != distance) return false;
    distance *= op.batch[axis];
  }
  return true;
}

MatrixView folded(const Matmul& op, const BatchedMatrix& matrix) {
  MatrixView tall = matrix.first;
  tall.rows *= op.batches();
  return tall;
}

bool folds_into_rows(const Matmul& op, const TensorView& a, const TensorView& y) {
  return op.batches() > 0 && op.b_matrices() == 1 && folds(op, matmul_a(op, a)) && folds(op, matmul_y(op, y));
}

}  // namespace lockstep
