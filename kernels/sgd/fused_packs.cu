// SPDX-License-Identifier: Apache-2.0
// Idea: the whole step in one pass (kernels/shared/state_update.cuh): decay, momentum, Nesterov and the move.
// Fast because PyTorch's formula, operation by operation, would move p and the buffer up to five times.
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/state_update.cuh"
#include "reference/sgd.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

struct SgdScalars {
  float lr, momentum, undamped, weight_decay;
  bool maximize, nesterov;
};

/// The buffer is read where kReads, written where kHasBuffer.
template <bool kReads, bool kHasBuffer>
struct SgdUpdate {
  SgdScalars by;

  __device__ __forceinline__ float operator()(float p, float grad, const float (&buffer)[1],
                                              float (&buffer_out)[1]) const {
    float g = by.maximize ? -grad : grad;
    // Not a product with 0: an infinite p would make it NaN.
    if (by.weight_decay != 0.0f) g = fmaf(by.weight_decay, p, g);
    if (!kHasBuffer) return fmaf(-by.lr, g, p);
    const float moved = kReads ? fmaf(by.momentum, buffer[0], by.undamped * g) : g;
    buffer_out[0] = moved;
    return fmaf(-by.lr, by.nesterov ? fmaf(by.momentum, moved, g) : moved, p);
  }
};

}  // namespace

Launch sgd_fused_packs(const Problem& problem, const Tensors& tensors, Device& device) {
  const Sgd op(problem);
  if (op.count() == 0) return [] {};
  const SgdScalars by{static_cast<float>(op.lr),
                      static_cast<float>(op.momentum),
                      static_cast<float>(1 - op.dampening),
                      static_cast<float>(op.weight_decay),
                      op.maximize,
                      op.nesterov};
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    if (!op.has_buffer()) return update_launch<Scalar, 0, 0>(SgdUpdate<false, false>{by}, tensors, device);
    if (!op.reads_buffer()) return update_launch<Scalar, 0, 1>(SgdUpdate<false, true>{by}, tensors, device);
    return update_launch<Scalar, 1, 1>(SgdUpdate<true, true>{by}, tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
