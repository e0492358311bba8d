// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Rectified linear unit (semantics of torch.nn.functional.relu).
///
///   y = x where x > 0, NaN where x is NaN, else 0;   d_x = g_y where x > 0 or x is NaN, else 0 (so 0 at x = 0)
///
/// Shapes: x, y, g_y, d_x [*], any rank. No parameters. Dtypes: f32, f16, bf16; nothing is rounded, results are copies.
/// Refuses nothing.
struct Relu {
  Shape shape;

  explicit Relu(const Problem& problem) : shape(problem.shape("x")) {}
  std::int64_t count() const { return element_count(shape); }
};

}  // namespace lockstep
