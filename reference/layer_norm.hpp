// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Layer normalisation over the trailing axes `normalized_shape` (Ba, Kiros, Hinton 2016, arXiv 1607.06450, equation 4;
/// semantics of torch.nn.functional.layer_norm).
///
///   y[r, c] = (x[r, c] - mean_r) / sqrt(variance_r + eps) * weight[c] + bias[c],  variance biased (division by columns)
///
/// Shapes: x, y, g_y, d_x [*, normalized_shape], seen as [rows, columns]; weight, bias, d_weight, d_bias [normalized_shape].
/// Parameters: normalized_shape, eps (1e-5), affine (true). Dtypes: f32, f16, bf16; sums in f32.
/// Backward takes x, weight, g_y and recomputes the statistics: a row fits in registers, so that costs no memory traffic.
/// Refused: an x that does not end in normalized_shape; a weight or bias of another shape; an empty normalized_shape.
struct LayerNorm {
  std::int64_t rows = 0, columns = 0;
  double eps = 1e-5;
  bool affine = true;
  Shape shape, normalized_shape;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit LayerNorm(const Problem& problem);
};

}  // namespace lockstep
