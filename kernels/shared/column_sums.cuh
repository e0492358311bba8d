// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>

#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/matrix_view.hpp"
#include "kernels/shared/scalar.cuh"

// Sums over the rows of a matrix, one per column (the gradient of a bias).
// Idea: lanes lie along the row, so that every access is coalesced; rows are split over warps and blocks, and the parts
// added in fixed order: the same bits in every run.
// Layout: a block takes 32 columns and every 8th row of its stretch; grid.y stretches write their sums as float, and a
// second launch of the same kernel adds those.
// Fast because: one pass over the matrix with four independent loads in flight per thread and as many blocks as fill
// the device.
namespace lockstep::LOCKSTEP_BACKEND {

/// sums[stretch * columns + column] = sum over the stretch's rows, and over grid.y = 1 the result itself.
template <class Scalar, class Result>
__global__ void __launch_bounds__(256)
    column_sums(const Scalar* __restrict__ matrix, std::int64_t pitch, std::int64_t rows, int columns,
                std::int64_t stretch, Result* __restrict__ sums) {
  LOCKSTEP_SHARED(float, per_warp, [8][32]);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int column = static_cast<int>(blockIdx.x) * 32 + lane;
  const std::int64_t first = blockIdx.y * stretch, last = first + stretch < rows ? first + stretch : rows;
  float parts[4] = {};
  if (column < columns)
    for (std::int64_t row = first + warp; row < last; row += 32)
#pragma unroll
      for (int i = 0; i < 4; ++i)
        if (row + 8 * i < last) parts[i] += to_float(matrix[(row + 8 * i) * pitch + column]);
  per_warp[warp][lane] = (parts[0] + parts[1]) + (parts[2] + parts[3]);
  __syncthreads();
  if (warp != 0 || column >= columns) return;
  float total = per_warp[0][lane];
#pragma unroll
  for (int i = 1; i < 8; ++i) total += per_warp[i][lane];
  sums[static_cast<std::int64_t>(blockIdx.y) * columns + column] = from_float<Result>(total);
}

/// Plans the sums of `matrix` into `sums` ([columns], contiguous). Zeros where there are no rows.
template <class Scalar>
Launch prepare_column_sums(const MatrixView& matrix, const TensorView& sums, Device& device) {
  constexpr std::int64_t kWantedBlocks = 528, kShortestStretch = 256;  // four blocks for each of the H200's 132
  if (matrix.columns == 0) return [] {};
  const std::int64_t blocks = (matrix.columns + 31) / 32;
  const std::int64_t most = std::max<std::int64_t>(matrix.rows / kShortestStretch, 1);
  const std::int64_t wanted = std::clamp<std::int64_t>(kWantedBlocks / blocks, 1, most);
  const std::int64_t stretch = std::max<std::int64_t>((matrix.rows + wanted - 1) / wanted, 1);
  const std::int64_t stretches = std::max<std::int64_t>((matrix.rows + stretch - 1) / stretch, 1);
  const auto columns = static_cast<int>(matrix.columns);
  const auto* const from = matrix.tensor.template as<const Scalar>();
  auto* const to = sums.template as<Scalar>();
  const std::int64_t rows = matrix.rows, pitch = matrix.pitch;
  if (stretches == 1)
    return [=, stream = device.stream()] {
      launch(column_sums<Scalar, Scalar>, {blocks, 256}, stream, from, pitch, rows, columns, stretch, to);
    };
  auto workspace =
      std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(stretches * columns) * sizeof(float));
  return [=, stream = device.stream()] {
    auto* const partial = static_cast<float*>(workspace->get());
    launch(column_sums<Scalar, float>, {LaunchExtent(blocks, stretches), 256}, stream, from, pitch, rows, columns,
           stretch, partial);
    launch(column_sums<float, Scalar>, {blocks, 256}, stream, partial, std::int64_t{columns}, stretches, columns,
           stretches, to);
  };
}

}  // namespace lockstep::LOCKSTEP_BACKEND
