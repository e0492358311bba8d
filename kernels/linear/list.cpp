// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kernels/implementations.hpp"
#include "kernels/linear/small_batch.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(linear_forward_warp_per_column)
LOCKSTEP_DECLARE_KERNEL(linear_forward_tiled)
LOCKSTEP_DECLARE_KERNEL(linear_backward_small_batch)
LOCKSTEP_DECLARE_KERNEL(linear_backward_tiled)

namespace {

/// Kernels walk rows that lie at equal distances.
std::optional<std::string> rows_are_uneven(const Problem& problem) {
  const Linear op(problem);
  if (problem.layout == Layout::channels_last && op.x_shape.size() >= 4)
    return "channels_last tears the features of a row apart; accepted: contiguous, strided, unaligned";
  if (problem.layout == Layout::strided && op.y_shape.size() > 1 && op.weight_shape.size() == 1)
    return "a strided result without an axis of features is not one matrix";
  return std::nullopt;
}

std::optional<std::string> no_small_batch(const Problem& problem) {
  const Linear op(problem);
  if (op.rows < 1 || op.rows > kSmallBatch) return "a small batch has 1 to 8 rows";
  if (op.in_features < 1 || op.out_features < 1) return "the empty layer is for the tiled kernel";
  // Grids of one block per few outputs, and sizes as int.
  if (std::max(op.in_features, op.out_features) > (std::int64_t{1} << 20)) return "a small batch has up to 2^20 features";
  return rows_are_uneven(problem);
}

}  // namespace

std::vector<Implementation> linear_implementations() {
  const auto any_order = [](const Problem&) { return float_accumulation(1); };
  // A lane's packs are whole, so its chain may be longer than terms / 32: that evens out above a few hundred terms.
  const auto lanes = [](const Problem& problem) {
    return float_accumulation(Linear(problem).in_features < 512 ? 1 : 16);
  };
  return {
      cuda_kernel("warp_per_column", Direction::forward, LOCKSTEP_KERNEL(linear_forward_warp_per_column), no_small_batch,
                  lanes),
      cuda_kernel("tiled", Direction::forward, LOCKSTEP_KERNEL(linear_forward_tiled), rows_are_uneven, any_order),
      cuda_kernel("small_batch", Direction::backward, LOCKSTEP_KERNEL(linear_backward_small_batch), no_small_batch,
                  any_order),
      cuda_kernel("tiled", Direction::backward, LOCKSTEP_KERNEL(linear_backward_tiled), rows_are_uneven, any_order),
  };
}

}  // namespace lockstep
