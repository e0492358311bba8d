// SPDX-License-Identifier: Apache-2.0
#include "kernels/batch_norm/part_arguments.hpp"
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(batch_norm_input_gradient_one_pass)

/// No peers: cuDNN and oneDNN normalise a batch as a whole and have no such part.
std::vector<Implementation> batch_norm_input_gradient_implementations() {
  return {cuda_kernel("one_pass", Direction::forward, LOCKSTEP_KERNEL(batch_norm_input_gradient_one_pass),
                      not_dense_part, elementwise_contract)};
}

}  // namespace lockstep
