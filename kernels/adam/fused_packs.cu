// SPDX-License-Identifier: Apache-2.0
// Idea: the whole step in one pass (kernels/shared/state_update.cuh). Everything that depends on the step alone (the
// corrections, the rate) is computed once on the host in double, where 1 - beta^step does not cancel.
// Fast because PyTorch's formula, operation by operation, would move the state some ten times.
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/state_update.cuh"
#include "reference/adam.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

struct AdamScalars {
  float beta1, rest1, beta2, rest2, weight_decay, shrink, step_size, inverse_root_correction, eps;
  bool maximize, decoupled;
};

/// State: exp_avg, exp_avg_sq, and with kAmsgrad max_exp_avg_sq.
template <bool kAmsgrad>
struct AdamUpdate {
  static constexpr int kStates = kAmsgrad ? 3 : 2;
  AdamScalars by;

  __device__ __forceinline__ float operator()(float p, float grad, const float (&state)[kStates],
                                              float (&state_out)[kStates]) const {
    float g = by.maximize ? -grad : grad;
    if (by.weight_decay != 0.0f) {  // not a product with 0: an infinite p would make it NaN
      if (by.decoupled)
        p *= by.shrink;
      else
        g = fmaf(by.weight_decay, p, g);
    }
    const float average = fmaf(by.beta1, state[0], by.rest1 * g);
    float square = fmaf(by.beta2, state[1], by.rest2 * (g * g));
    state_out[0] = average;
    state_out[1] = square;
    if constexpr (kAmsgrad) {
      // A NaN on either side wins, as in torch.maximum.
      square = square > state[2] || square != square ? square : state[2];
      state_out[2] = square;
    }
    return p - by.step_size * (average / fmaf(sqrtf(square), by.inverse_root_correction, by.eps));
  }
};

}  // namespace

Launch adam_fused_packs(const Problem& problem, const Tensors& tensors, Device& device) {
  const Adam op(problem);
  if (op.count() == 0) return [] {};
  const AdamScalars by{static_cast<float>(op.beta1),
                       static_cast<float>(1 - op.beta1),
                       static_cast<float>(op.beta2),
                       static_cast<float>(1 - op.beta2),
                       static_cast<float>(op.weight_decay),
                       static_cast<float>(1 - op.lr * op.weight_decay),
                       static_cast<float>(op.step_size()),
                       static_cast<float>(1 / op.root_correction()),
                       static_cast<float>(op.eps),
                       op.maximize,
                       op.decoupled_weight_decay};
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    if (op.amsgrad) return update_launch<Scalar, 3, 3>(AdamUpdate<true>{by}, tensors, device);
    return update_launch<Scalar, 2, 2>(AdamUpdate<false>{by}, tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
