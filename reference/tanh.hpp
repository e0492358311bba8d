// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Hyperbolic tangent (semantics of torch.tanh; NIST Handbook of Mathematical Functions, 4.28.4 and 4.34.10).
///
///   y = tanh(x) = (e^x - e^-x) / (e^x + e^-x);   d_x = g_y (1 - tanh(x)^2)
///
/// y keeps relative accuracy at zero; d_x has the absolute accuracy of tanh only where x is large, since 1 - y^2 cancels
/// there, as in PyTorch. Infinities give +-1 with slope 0, a NaN stays.
/// Shapes: x, y, g_y, d_x [*], any rank. No parameters. Dtypes: f32, f16, bf16; arithmetic in f32. Backward takes x, g_y.
struct Tanh {
  Shape shape;

  explicit Tanh(const Problem& problem) : shape(problem.shape("x")) {}
  std::int64_t count() const { return element_count(shape); }
};

}  // namespace lockstep
