// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/shared/matrix_view.hpp"
#include "reference/linear.hpp"

namespace lockstep {

/// The tensors of a linear layer as matrices; x, g_y and their kin are [rows, features], whatever their axes.
inline MatrixView linear_x(const Linear& op, const TensorView& tensor) {
  return {tensor, op.rows, op.in_features, row_pitch(tensor, op.in_features)};
}
/// y or g_y. With a weight of one axis it has no axis of features, and its last axis is the rows.
inline MatrixView linear_y(const Linear& op, const TensorView& tensor) {
  return {tensor, op.rows, op.out_features, op.weight_shape.size() == 1 ? 1 : row_pitch(tensor, op.out_features)};
}
inline MatrixView linear_weight(const Linear& op, const TensorView& tensor) {
  return {tensor, op.out_features, op.in_features, op.in_features};
}

}  // namespace lockstep
