// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/batch_norm/columns.cuh"

// The two sums of a backward over slabs of rows, channels side by side.
namespace lockstep::LOCKSTEP_BACKEND {

/// Sums of one slab lie as two rows of `channels` floats: of g, and of g times the normalised x; where saved_rstd is
/// null, of g times the centred x.
template <class Scalar, int kPack>
__global__ void __launch_bounds__(ColumnSlabs::kThreads)
    column_slab_gradient_sums(const Scalar* __restrict__ x, const Scalar* __restrict__ g,
                              const float* __restrict__ saved_mean, const float* __restrict__ saved_rstd,
                              float* __restrict__ partial, Columns columns) {
  using Packed = Pack<Scalar, kPack>;
  const ColumnThread at(columns);
  const std::int64_t first = columns.first_row(blockIdx.x) + at.row_in_block;
  float sums[kPack] = {}, products[kPack] = {};
  if (at.inside) {
    float mean[kPack], rstd[kPack];
    load_channels(mean, saved_mean, at.column);
    load_channels(rstd, saved_rstd, at.column, 1.0f);
#pragma unroll 4
    for (int k = 0; k < ColumnSlabs::kRowsPerThread; ++k)
      if (const std::int64_t row = first + k * at.rows_in_block; row < columns.rows) {
        const std::int64_t offset = row * columns.packs_per_row + at.column;
        const Packed x_pack = reinterpret_cast<const Packed*>(x)[offset],
                     g_pack = reinterpret_cast<const Packed*>(g)[offset];
#pragma unroll
        for (int e = 0; e < kPack; ++e) {
          const float gradient = to_float(g_pack.values[e]);
          sums[e] += gradient;
          products[e] = fmaf(gradient, (to_float(x_pack.values[e]) - mean[e]) * rstd[e], products[e]);
        }
      }
  }
  column_sum(sums, columns.lanes);
  column_sum(products, columns.lanes);
  if (at.row_in_block == 0 && at.inside) {
    const std::int64_t channels = static_cast<std::int64_t>(columns.packs_per_row) * kPack;
    float* const own = partial + blockIdx.x * 2 * channels + at.column * kPack;
#pragma unroll
    for (int e = 0; e < kPack; ++e) {
      own[e] = sums[e];
      own[channels + e] = products[e];
    }
  }
}

}  // namespace lockstep::LOCKSTEP_BACKEND
