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
/// Parameters: normalized_shape, eps (1e-5), affine (true: weight and bias), bias (true; false: weight alone). Dtypes: f32,
/// f16, bf16; sums in f32.
/// Backward takes x, weight, g_y and recomputes the statistics: a row fits in registers, so that costs no memory traffic.
/// Refused: an x that does not end in normalized_shape; a weight or bias of another shape; an empty normalized_shape.
struct LayerNorm {
  std::int64_t rows = 0, columns = 0;
  double eps = 1e-5;
  bool has_weight = true, has_bias = true;
  Shape shape, normalized_shape;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit LayerNorm(const Problem& problem);
};

/// Wrong answers that layer normalisation kernels give; see Operator::faults.
std::vector<Fault> layer_norm_faults();

}  // namespace lockstep
