// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// One step of stochastic gradient descent on one tensor of parameters (semantics of torch.optim.SGD; momentum as in
/// Sutskever et al. 2013, with the learning rate outside of the buffer).
///
///   g = grad, or -grad where maximize;   g += weight_decay p
///   momentum 0:  p_out = p - lr g
///   else:        momentum_buffer_out = momentum momentum_buffer + (1 - dampening) g, in the first step g itself
///                p_out = p - lr momentum_buffer_out, with nesterov p - lr (g + momentum momentum_buffer_out)
///
/// Shapes: p, grad, p_out, and where momentum is not 0 momentum_buffer, momentum_buffer_out [*], all that of grad, which the
/// problem gives. The first step has no momentum_buffer. Parameters (default): lr (none: it must be given, as in PyTorch 1.13), momentum (0),
/// dampening (0), weight_decay (0), nesterov (false), maximize (false), first_step (false; Lockstep's own, PyTorch sees it
/// by the buffer that is missing).
/// Dtypes: p, grad, p_out f32, f16, bf16; the buffer f32 whatever p is, as optimisers for mixed precision keep it (PyTorch
/// keeps it in the type of p); arithmetic in f32, one rounding of each output. Forward only.
/// Refused: negative lr, momentum, weight_decay; nesterov without momentum or with dampening; shapes that differ.
struct Sgd {
  Shape shape;
  double lr = 0, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false, maximize = false, first_step = false;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit Sgd(const Problem& problem);
  std::int64_t count() const { return element_count(shape); }
  bool has_buffer() const { return momentum != 0; }
  bool reads_buffer() const { return has_buffer() && !first_step; }
  /// Whether integers up to 8 come out without rounding: every factor is a multiple of 1/16 and at most 1.
  bool is_exact_on_integers() const;
};

}  // namespace lockstep
