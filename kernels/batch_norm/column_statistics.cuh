// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/batch_norm/columns.cuh"

// Statistics of slabs of rows, channels side by side: as plane_statistics.cuh, each slab in two passes about its own mean.
namespace lockstep::LOCKSTEP_BACKEND {

/// Sums of one slab lie as three rows of `channels` floats: totals, deviations from total / rows, their squares.
enum SlabRow : int { kTotal, kDeviations, kSquares, kSlabRows };

template <class Scalar, int kPack>
__global__ void __launch_bounds__(ColumnSlabs::kThreads)
    column_slab_statistics(const Scalar* __restrict__ x, float* __restrict__ partial, Columns columns) {
  using Packed = Pack<Scalar, kPack>;
  const ColumnThread at(columns);
  const std::int64_t first = columns.first_row(blockIdx.x);
  const auto* const x_packs = reinterpret_cast<const Packed*>(x) + at.column;
  Packed held[ColumnSlabs::kRowsPerThread];
  float total[kPack] = {};
#pragma unroll
  for (int k = 0; k < ColumnSlabs::kRowsPerThread; ++k)
    if (const std::int64_t row = first + k * at.rows_in_block + at.row_in_block; at.inside && row < columns.rows)
      held[k] = x_packs[row * columns.packs_per_row];
#pragma unroll
  for (int k = 0; k < ColumnSlabs::kRowsPerThread; ++k)
    if (at.inside && first + k * at.rows_in_block + at.row_in_block < columns.rows)
#pragma unroll
      for (int e = 0; e < kPack; ++e) total[e] += to_float(held[k].values[e]);
  column_sum(total, columns.lanes);

  const std::int64_t slab_rows = ColumnSlabs::kRowsPerThread * at.rows_in_block, left = columns.rows - first;
  const float rows = static_cast<float>(left < slab_rows ? left : slab_rows);
  float deviations[kPack] = {}, squares[kPack] = {};
#pragma unroll
  for (int k = 0; k < ColumnSlabs::kRowsPerThread; ++k)
    if (at.inside && first + k * at.rows_in_block + at.row_in_block < columns.rows)
#pragma unroll
      for (int e = 0; e < kPack; ++e) {
        const float deviation = to_float(held[k].values[e]) - total[e] / rows;
        deviations[e] += deviation;
        squares[e] = fmaf(deviation, deviation, squares[e]);
      }
  column_sum(deviations, columns.lanes);
  column_sum(squares, columns.lanes);
  if (at.row_in_block == 0 && at.inside) {
    const std::int64_t channels = static_cast<std::int64_t>(columns.packs_per_row) * kPack;
    float* const own = partial + blockIdx.x * kSlabRows * channels + at.column * kPack;
#pragma unroll
    for (int e = 0; e < kPack; ++e) {
      own[kTotal * channels + e] = total[e];
      own[kDeviations * channels + e] = deviations[e];
      own[kSquares * channels + e] = squares[e];
    }
  }
}

}  // namespace lockstep::LOCKSTEP_BACKEND
