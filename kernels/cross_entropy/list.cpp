// SPDX-License-Identifier: Apache-2.0
#include "kernels/cross_entropy/settings.hpp"
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/row_blocks.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(cross_entropy_forward_lanes_per_row)
LOCKSTEP_DECLARE_KERNEL(cross_entropy_forward_block_per_row)
LOCKSTEP_DECLARE_KERNEL(cross_entropy_forward_lanes_across_rows)
LOCKSTEP_DECLARE_KERNEL(cross_entropy_backward_lanes_per_row)
LOCKSTEP_DECLARE_KERNEL(cross_entropy_backward_block_per_row)
LOCKSTEP_DECLARE_KERNEL(cross_entropy_backward_lanes_across_rows)

namespace {

using Reason = std::optional<std::string>;

// Kernels count classes, and rows of groups, in 32 bits.
constexpr std::int64_t kMostCounted = std::int64_t{1} << 30;

Reason too_large(const CrossEntropy& op) {
  if (op.classes > kMostCounted || op.rows() > kMostCounted)
    return "more than 2^30 classes or rows are not counted in 32 bits";
  return std::nullopt;
}

Reason not_rows(const Problem& problem) {
  const CrossEntropy op(problem);
  const TensorView input{nullptr, problem.dtype, op.input, strides_of(op.input, problem.layout)};
  if (!rows_of(op, input).is_rows()) return "the classes of a row do not lie next to each other";
  return too_large(op);
}

Reason not_short_rows(const Problem& problem) {
  if (CrossEntropy(problem).classes > kLongestLaneRow)
    return "more than 1024 classes do not fit the registers of a warp";
  return not_rows(problem);
}

Reason not_counted(const Problem& problem) { return too_large(CrossEntropy(problem)); }

/// Independent partial sums that hold for the sums over a row's classes (`of_row`) and over the rows: no more than leave a
/// chain as long as the rows' own.
PrecisionContract sums_of(const CrossEntropy& op, Direction direction, std::int64_t of_row, const RowGrid& grid) {
  if (op.reduction == Reduction::none) return float_accumulation(of_row);
  const int depth = direction == Direction::forward ? grid.depth() : target_grid(op.rows()).depth();
  PrecisionContract contract = float_accumulation(of_row);
  while (contract.partial_sums > 1 && contract.depth(static_cast<double>(op.rows())) < depth)
    contract.partial_sums /= 2;
  return contract;
}

PrecisionContract lane_sums(const Problem& problem) {
  const CrossEntropy op(problem);
  const int lanes = lanes_for_row(op.classes);
  return sums_of(op, problem.direction, partial_sums_of_row(op.classes, pack_of(problem.dtype), lanes),
                 RowGrid(op.rows(), kLaneTeamThreads / lanes));
}

PrecisionContract block_sums(const Problem& problem) {
  const CrossEntropy op(problem);
  const int threads = threads_for_row(op.classes);
  return sums_of(op, problem.direction, partial_sums_of_row(op.classes, pack_of(problem.dtype), threads),
                 RowGrid(op.rows(), 1));
}

PrecisionContract column_sums(const Problem& problem) {
  const CrossEntropy op(problem);
  return sums_of(op, problem.direction, threads_for_group(op.classes), RowGrid(op.rows(), 32));
}

}  // namespace

std::vector<Implementation> cross_entropy_implementations() {
  using enum Direction;
  return {
      cuda_kernel("lanes_per_row", forward, LOCKSTEP_KERNEL(cross_entropy_forward_lanes_per_row), not_short_rows,
                  lane_sums),
      cuda_kernel("block_per_row", forward, LOCKSTEP_KERNEL(cross_entropy_forward_block_per_row), not_rows, block_sums),
      cuda_kernel("lanes_across_rows", forward, LOCKSTEP_KERNEL(cross_entropy_forward_lanes_across_rows), not_counted,
                  column_sums),
      cuda_kernel("lanes_per_row", backward, LOCKSTEP_KERNEL(cross_entropy_backward_lanes_per_row), not_short_rows,
                  lane_sums),
      cuda_kernel("block_per_row", backward, LOCKSTEP_KERNEL(cross_entropy_backward_block_per_row), not_rows,
                  block_sums),
      cuda_kernel("lanes_across_rows", backward, LOCKSTEP_KERNEL(cross_entropy_backward_lanes_across_rows), not_counted,
                  column_sums),
  };
}

}  // namespace lockstep
