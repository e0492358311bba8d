// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/shared/matrix_view.hpp"
#include "reference/matmul.hpp"

namespace lockstep {

/// A tensor of the product as matrices in memory: the first of them, and by batch axis (those of the broadcast shape) the
/// distance to the next; 0 where the tensor is broadcast.
struct BatchedMatrix {
  MatrixView first;
  Strides batch_strides;
};

BatchedMatrix matmul_a(const Matmul& op, const TensorView& tensor);
BatchedMatrix matmul_b(const Matmul& op, const TensorView& tensor);
/// y, or g_y.
BatchedMatrix matmul_y(const Matmul& op, const TensorView& tensor);

/// All batches of a tensor as one tall matrix, where they follow one another at the rows' distance.
bool folds(const Matmul& op, const BatchedMatrix& matrix);
MatrixView folded(const Matmul& op, const BatchedMatrix& matrix);
/// Whether the whole product is one of tall matrices: b has no batches, and the batches of a and y follow one another. `a`
/// and `y` are tensors laid out as those of the call.
bool folds_into_rows(const Matmul& op, const TensorView& a, const TensorView& y);

}  // namespace lockstep
