// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// One step of Adam on one tensor of parameters (Kingma, Ba 2014, arXiv 1412.6980, algorithm 1; semantics of
/// torch.optim.Adam, and with decoupled_weight_decay of torch.optim.AdamW: Loshchilov, Hutter 2017, arXiv 1711.05101).
///
///   g = grad, or -grad where maximize;   g += weight_decay p, with decoupled_weight_decay p *= 1 - lr weight_decay instead
///   exp_avg_out = beta1 exp_avg + (1 - beta1) g;   exp_avg_sq_out = beta2 exp_avg_sq + (1 - beta2) g^2
///   v = exp_avg_sq_out, with amsgrad max_exp_avg_sq_out = max(max_exp_avg_sq, exp_avg_sq_out), which keeps NaN
///   p_out = p - lr / (1 - beta1^step) exp_avg_out / (sqrt(v) / sqrt(1 - beta2^step) + eps)
///
/// Shapes: p, grad, exp_avg, exp_avg_sq, p_out, exp_avg_out, exp_avg_sq_out, and with amsgrad max_exp_avg_sq,
/// max_exp_avg_sq_out [*], all that of grad, which the problem gives; state is zero before the first step. Parameters (default): lr (1e-3), betas
/// (0.9x0.999), eps (1e-8), weight_decay (0; torch.optim.AdamW has 0.01), amsgrad (false), maximize (false),
/// decoupled_weight_decay (false), step (1: the number of this step, counted from 1).
/// Dtypes: p, grad, p_out f32, f16, bf16; the state f32 whatever p is, as optimisers for mixed precision keep it (PyTorch
/// keeps it in the type of p, where 1 - beta2 times g^2 underflows in f16); arithmetic in f32, one rounding of each output.
/// Forward only. Refused: lr, eps, weight_decay that are not 0 or more; betas outside [0, 1); shapes that differ.
struct Adam {
  Shape shape;
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool amsgrad = false, maximize = false, decoupled_weight_decay = false;
  std::int64_t step = 1;

  /// Reads and checks the problem; throws Refused with PyTorch's message, Error where a parameter cannot be read.
  explicit Adam(const Problem& problem);
  std::int64_t count() const { return element_count(shape); }
  /// lr / (1 - beta1^step)
  double step_size() const;
  /// sqrt(1 - beta2^step)
  double root_correction() const;
};

}  // namespace lockstep
