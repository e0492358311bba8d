// SPDX-License-Identifier: Apache-2.0
// Idea: y = weight times the matrix of windows of x, which exists only slice by slice in shared memory.
// Layout and why it is fast: implicit_gemm.cuh. Taps are in the order in which they lie in x, so that either the
// positions (rows of x) or the taps (channels-last) are read by neighbouring lanes.
#include "kernels/conv2d/implicit_gemm.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

Launch conv2d_forward_implicit_gemm(const Problem& problem, const Tensors& tensors, Device& device) {
  const Conv2d op(problem);
  if (op.is_empty()) return [] {};
  return with_scalar(problem.dtype, [&](auto tag) {
    using Scalar = typename decltype(tag)::type;
    return launch_window_gemm<true>(forward_product<Scalar>(problem, tensors, device), channels_are_innermost(problem),
                                    device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
