// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Sum of two tensors with broadcasting (semantics of torch.add).
///
///   y = a + alpha b;   d_a = g_y summed over the axes along which a was broadcast;   d_b = alpha times the same for b
///
/// Shapes: a, d_a [*]; b, d_b [*]; y, g_y their broadcast shape: aligned at the last axis, an extent of 1 (or a missing
/// axis) stretches to the other's. Parameter: alpha (1). Dtypes: f32, f16, bf16; arithmetic and sums in f32, one
/// rounding. Backward takes g_y and the shapes of a and b. Refused: extents that differ where neither is 1.
struct Add {
  Shape a, b, y;
  double alpha = 1.0;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit Add(const Problem& problem);
  /// Elements of y that read one element of an operand of this shape.
  std::int64_t copies(const Shape& operand) const;
  /// Whether integers up to 2^8 come out without rounding: alpha is a multiple of 2^-8 no larger than 2^8.
  bool is_exact_on_integers() const;
};

}  // namespace lockstep
