// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"
#include "reference/gradient_list.hpp"

namespace lockstep {

/// Clips every element of every gradient (semantics of torch.nn.utils.clip_grad_value_).
///
///   out = min(max(grad, -clip_value), clip_value), NaN where grad is NaN; all NaN where clip_value is NaN
///
/// A negative clip_value is the result everywhere, as in torch.clamp. Shapes: grad0, grad1, ... any; out<N> like grad<N>.
/// Parameter: clip_value (none: it must be given). Dtypes: f32, f16, bf16; results are copies or the rounded bound.
/// Forward only. Refused: no clip_value.
struct ClipGradValue {
  GradientList gradients;
  double clip_value = 0;

  explicit ClipGradValue(const Problem& problem);
};

}  // namespace lockstep
