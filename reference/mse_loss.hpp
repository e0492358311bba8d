// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"
#include "reference/reduction.hpp"

namespace lockstep {

/// Squared error (semantics of torch.nn.functional.mse_loss).
///
///   none:  y[i] = (input[i] - target[i])^2       d_input[i] = 2 (input[i] - target[i]) g_y[i]
///   sum:   y = the sum of those                  d_input[i] = 2 (input[i] - target[i]) g_y
///   mean:  y = their sum / count                 d_input[i] = (input[i] - target[i]) (2 / count) g_y
///
/// and d_target = -d_input; where an operand is broadcast its gradient is the sum over its copies.
/// Shapes: input, d_input [*]; target, d_target [*]; their broadcast shape [*] has `count` elements; y, g_y [*] of that
/// shape for none, else scalars. Parameter: reduction (mean). Dtypes: f32, f16, bf16; arithmetic and sums in f32.
/// The mean of nothing is NaN. Refused: shapes that do not broadcast; another reduction.
struct MseLoss {
  Shape input, target, full, result_shape;
  Reduction reduction = Reduction::mean;
  std::int64_t count = 0;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit MseLoss(const Problem& problem);
  bool broadcasts() const { return input != target; }
  /// What sums are divided by: count for the mean, else 1.
  double divisor() const { return reduction == Reduction::mean ? static_cast<double>(count) : 1.0; }
};

/// What an implementation might get wrong in this direction; see faults() of Operator.
std::vector<Fault> mse_loss_faults(Direction direction);

}  // namespace lockstep
