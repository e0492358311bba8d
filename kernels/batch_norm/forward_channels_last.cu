// SPDX-License-Identifier: Apache-2.0
// Idea: channels side by side, so that every load is coalesced without transposing; three launches: sums of slabs of
// rows, their combination per channel, normalisation.
// Layout: a block per slab of rows and tile of channels; a thread holds 8 rows of one 16-byte pack of channels.
// Fast because: all 8 loads of a thread are in flight together and stay in registers as they were loaded for both
// passes over the slab; the last launch starts with the rows that were read last, which the L2 still holds.
// Numerics: as split_planes, each slab in two passes about its own mean, combined without losing that.
#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/column_statistics.cuh"
#include "kernels/batch_norm/running.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = ColumnSlabs::kThreads, kRows = ColumnSlabs::kRowsPerThread;

/// `mean_and_rstd`: two rows of `channels` floats.
__global__ void combine_statistics(const float* __restrict__ partial, float* __restrict__ mean_and_rstd,
                                   RunningStatistics running, std::int64_t channels, unsigned slabs,
                                   std::int64_t slab_rows, std::int64_t rows, float eps) {
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.x) * kCombinedChannels + threadIdx.x;
  const bool inside = channel < channels;
  const auto sums = [&](unsigned slab, SlabRow row) { return partial[(slab * kSlabRows + row) * channels + channel]; };
  float total = 0.0f, squares = 0.0f;
  for (unsigned slab = threadIdx.y; inside && slab < slabs; slab += blockDim.y) total += sums(slab, kTotal);
  const float count = static_cast<float>(rows), mean = combine_sum(total) / count;
  for (unsigned slab = threadIdx.y; inside && slab < slabs; slab += blockDim.y) {
    const std::int64_t left = rows - slab * slab_rows;
    const float values = static_cast<float>(left < slab_rows ? left : slab_rows);
    const float distance = sums(slab, kTotal) / values - mean;
    squares += sums(slab, kSquares) + distance * fmaf(values, distance, 2.0f * sums(slab, kDeviations));
  }
  squares = combine_sum(squares);
  if (threadIdx.y != 0 || !inside) return;
  mean_and_rstd[channel] = mean;
  mean_and_rstd[channels + channel] = rsqrtf(squares / count + eps);
  update_running(running, channel, mean, squares);
}

template <class Scalar, int kPack>
__global__ void __launch_bounds__(kThreads)
    normalise(const Scalar* __restrict__ x, const float* __restrict__ weight, const float* __restrict__ bias,
              const float* __restrict__ mean_and_rstd, Scalar* __restrict__ y, Columns columns) {
  using Packed = Pack<Scalar, kPack>;
  const ColumnThread at(columns);
  if (!at.inside) return;
  const std::int64_t first = columns.first_row(gridDim.x - 1 - blockIdx.x);  // what was read last is still in the L2
  const std::int64_t start = (first + at.row_in_block) * columns.packs_per_row + at.column;
  const std::int64_t step = static_cast<std::int64_t>(at.rows_in_block) * columns.packs_per_row;
  Packed held[kRows];
#pragma unroll
  for (int k = 0; k < kRows; ++k)
    if (first + k * at.rows_in_block + at.row_in_block < columns.rows)
      held[k] = reinterpret_cast<const Packed*>(x)[start + k * step];
  float mean[kPack], rstd[kPack], scale[kPack], shift[kPack];
  load_channels(mean, mean_and_rstd, at.column);
  load_channels(rstd, mean_and_rstd + columns.packs_per_row * kPack, at.column);
  load_channels(scale, weight, at.column, 1.0f);
  load_channels(shift, bias, at.column);
#pragma unroll
  for (int k = 0; k < kRows; ++k)
    if (first + k * at.rows_in_block + at.row_in_block < columns.rows) {
      Packed out;
#pragma unroll
      for (int e = 0; e < kPack; ++e)
        out.values[e] = from_float<Scalar>(fmaf((to_float(held[k].values[e]) - mean[e]) * rstd[e], scale[e], shift[e]));
      reinterpret_cast<Packed*>(y)[start + k * step] = out;
    }
}

template <class Scalar, int kPack>
Launch launch_of(const BatchNormArguments& a, Device& device) {
  const Columns columns(a.op, kPack);
  const std::int64_t channels = a.op.channels;
  const auto floats = [&](std::int64_t count) {
    return std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(count) * sizeof(float));
  };
  const auto partial = floats(columns.slabs * kSlabRows * channels), statistics = floats(2 * channels);
  return [=, stream = device.stream()] {
    auto* const sums = static_cast<float*>(partial->get());
    auto* const mean_and_rstd = static_cast<float*>(statistics->get());
    launch(column_slab_statistics<Scalar, kPack>, columns.shape(), stream, a.x.as<const Scalar>(), sums, columns);
    launch(combine_statistics, combine_shape(channels, columns.slabs), stream, sums, mean_and_rstd,
           running_statistics(a), channels, columns.slabs, ColumnSlabs::slab_rows(columns.lanes), columns.rows,
           static_cast<float>(a.op.eps));
    launch(normalise<Scalar, kPack>, columns.shape(), stream, a.x.as<const Scalar>(), a.weight, a.bias, mean_and_rstd,
           a.y.as<Scalar>(), columns);
  };
}

}  // namespace

Launch batch_norm_forward_channels_last(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormArguments a(problem, tensors);
  return with_columns(problem, a, [&](auto scalar, auto pack) {
    return launch_of<typename decltype(scalar)::type, pack()>(a, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
