// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(batch_norm_merge_channel_per_thread)

namespace {

/// The sums over ranks stand as they are written, one rounded step after the other.
PrecisionContract rank_by_rank(const Problem&) { return float_accumulation(1); }

}  // namespace

/// No peers: cuDNN and oneDNN normalise a batch as a whole and have no such part.
std::vector<Implementation> batch_norm_merge_implementations() {
  return {cuda_kernel("channel_per_thread", Direction::forward, LOCKSTEP_KERNEL(batch_norm_merge_channel_per_thread),
                      nullptr, rank_by_rank)};
}

}  // namespace lockstep
