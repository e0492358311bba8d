// SPDX-License-Identifier: Apache-2.0
// Idea: y = x W^T + b as one tiled product; both factors run along k = in_features in memory.
// Layout and why it is fast: kernels/shared/tiled_gemm.cuh. The bias is added where the sums leave the registers.
#include "kernels/linear/matrices.hpp"
#include "kernels/shared/gemm_launch.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

Launch linear_forward_tiled(const Problem& problem, const Tensors& tensors, Device& device) {
  const Linear op(problem);
  const void* const bias = op.bias ? tensors.inputs[2].data : nullptr;
  return with_scalar(problem.dtype, [&](auto tag) {
    return prepare_gemm<typename decltype(tag)::type, true, true>(linear_x(op, tensors.inputs[0]),
                                                                  linear_weight(op, tensors.inputs[1]),
                                                                  linear_y(op, tensors.outputs[0]), bias, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
