// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// A fully connected layer (semantics of torch.nn.functional.linear):
///
///   y[r, o] = sum over i of x[r, i] * weight[o, i] + bias[o]
///   d_x[r, i] = sum over o of g_y[r, o] * weight[o, i]
///   d_weight[o, i] = sum over r of g_y[r, o] * x[r, i]        d_bias[o] = sum over r of g_y[r, o]
///
/// Shapes: x, d_x [*, in_features], seen as [rows, in_features]; weight, d_weight [out_features, in_features]; bias,
/// d_bias [out_features]; y, g_y [*, out_features]. A weight of one axis [in_features] without bias gives y, g_y [*].
/// Parameters: bias (true); in_features, out_features (optional: what the weight must have; the weight's shape may be
/// left out when both are given). Dtypes: f32, f16, bf16; sums in f32.
/// Refused: an x without axes, shapes that do not multiply, a bias of another length.
struct Linear {
  std::int64_t rows = 0, in_features = 0, out_features = 0;
  bool bias = true;
  Shape x_shape, weight_shape, y_shape;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit Linear(const Problem& problem);
};

/// What an implementation might get wrong in this direction; see faults() of Operator.
std::vector<Fault> linear_faults(const Problem& problem);

}  // namespace lockstep
