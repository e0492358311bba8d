// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Gaussian error linear unit (Hendrycks, Gimpel 2016, arXiv 1606.08415; semantics of torch.nn.functional.gelu).
///
///   approximate=none:  y = x/2 (1 + erf(x / sqrt 2));                         d_x = g_y (Phi(x) + x phi(x))
///   approximate=tanh:  y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)));     d_x its derivative
///
/// Phi, phi: the standard normal distribution and density. At -infinity both forms give NaN (-infinity * 0), as PyTorch
/// does. Left of about -3 the sum in brackets cancels: the result is accurate to about 3u|x| absolutely, not
/// relatively. Shapes: x, y, g_y, d_x [*], any rank. Parameter: approximate (none). Dtypes: f32, f16, bf16; arithmetic
/// in f32. Backward takes x, g_y. Refused: another word for approximate.
struct Gelu {
  Shape shape;
  bool tanh_form = false;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit Gelu(const Problem& problem);
  std::int64_t count() const { return element_count(shape); }
};

}  // namespace lockstep
