// SPDX-License-Identifier: Apache-2.0
#include "kernels/batch_norm/part_arguments.hpp"
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(batch_norm_gradient_sums_slab_sums)

/// No peers: cuDNN and oneDNN normalise a batch as a whole and have no such part.
std::vector<Implementation> batch_norm_gradient_sums_implementations() {
  return {cuda_kernel("slab_sums", Direction::forward, LOCKSTEP_KERNEL(batch_norm_gradient_sums_slab_sums),
                      not_dense_part, slab_sums_contract)};
}

}  // namespace lockstep
