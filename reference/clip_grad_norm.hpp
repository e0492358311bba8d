// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"
#include "reference/gradient_list.hpp"

namespace lockstep {

/// Scales all gradients together so that their norm is at most max_norm (Pascanu, Mikolov, Bengio 2013, arXiv 1211.5063;
/// semantics of torch.nn.utils.clip_grad_norm_).
///
///   total_norm = norm over the tensors of their norms;   out = grad min(1, max_norm / (total_norm + 1e-6)), always
///
/// Norms of order norm_type: (sum |x|^p)^(1/p), inf the largest |x|, -inf the smallest, 0 the number of elements that are
/// not 0; of an empty tensor 0, as in PyTorch 1.13, whatever the order. NaN spreads to everything; an infinite gradient makes itself NaN and all else 0. Without gradients total_norm
/// is 0.
/// Shapes: grad0, grad1, ... any, how many is part of the problem; out<N> like grad<N>; total_norm a scalar, before the
/// clipping. Parameters (default): max_norm (none: it must be given), norm_type (2), error_if_nonfinite (false).
/// Dtypes: gradients f32, f16, bf16; total_norm f32 whatever they are, so that squares of f16 do not overflow (PyTorch
/// rounds every norm to the gradients' type); sums in f32. Forward only.
/// Refused: no max_norm; an empty tensor where norm_type is inf; with error_if_nonfinite a norm that is not
/// finite.
struct ClipGradNorm {
  GradientList gradients;
  double max_norm = 0, norm_type = 2;
  bool error_if_nonfinite = false;

  explicit ClipGradNorm(const Problem& problem);
};

/// Added to the norm before it divides.
inline constexpr double kClipNormEpsilon = 1e-6;

}  // namespace lockstep
