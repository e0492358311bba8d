// SPDX-License-Identifier: Apache-2.0
// Idea: channels side by side, so that every load is coalesced without transposing; three launches: two sums per
// channel over slabs of rows, their combination, the gradient.
// Layout: a block per slab of rows and tile of channels; a thread takes 8 rows of one 16-byte pack of channels.
// Fast because: the loads of both tensors for 4 rows are in flight together; the combination also prepares the two
// means that every row of the last launch needs; that launch starts with the rows that were read last, which the L2
// still holds.
#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/column_gradient_sums.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = ColumnSlabs::kThreads, kRows = ColumnSlabs::kRowsPerThread;

/// `means`: two rows of `channels` floats, the means of g and of g times the normalised x.
__global__ void combine_gradient_sums(const float* __restrict__ partial, float* __restrict__ means,
                                      float* __restrict__ d_weight, float* __restrict__ d_bias, std::int64_t channels,
                                      unsigned slabs, float count) {
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.x) * kCombinedChannels + threadIdx.x;
  const bool inside = channel < channels;
  float sum = 0.0f, product = 0.0f;
  for (unsigned slab = threadIdx.y; inside && slab < slabs; slab += blockDim.y) {
    sum += partial[slab * 2 * channels + channel];
    product += partial[(slab * 2 + 1) * channels + channel];
  }
  sum = combine_sum(sum);
  product = combine_sum(product);
  if (threadIdx.y != 0 || !inside) return;
  means[channel] = sum / count;
  means[channels + channel] = product / count;
  if (!d_weight) return;
  d_weight[channel] = product;
  d_bias[channel] = sum;
}

template <class Scalar, int kPack>
__global__ void __launch_bounds__(kThreads)
    apply(const Scalar* __restrict__ x, const Scalar* __restrict__ g, const float* __restrict__ weight,
          const float* __restrict__ saved_mean, const float* __restrict__ saved_rstd, const float* __restrict__ means,
          Scalar* __restrict__ d_x, Columns columns) {
  using Packed = Pack<Scalar, kPack>;
  const ColumnThread at(columns);
  if (!at.inside) return;
  // What was read last is still in the L2.
  const std::int64_t first = columns.first_row(gridDim.x - 1 - blockIdx.x) + at.row_in_block;
  float mean[kPack], rstd[kPack], scale[kPack], mean_g[kPack], slope[kPack];
  load_channels(mean, saved_mean, at.column);
  load_channels(rstd, saved_rstd, at.column);
  load_channels(scale, weight, at.column, 1.0f);
  load_channels(mean_g, means, at.column);
  load_channels(slope, means + columns.packs_per_row * kPack, at.column);
#pragma unroll
  for (int e = 0; e < kPack; ++e) scale[e] *= rstd[e];
#pragma unroll 4
  for (int k = 0; k < kRows; ++k)
    if (const std::int64_t row = first + k * at.rows_in_block; row < columns.rows) {
      const std::int64_t offset = row * columns.packs_per_row + at.column;
      const Packed x_pack = reinterpret_cast<const Packed*>(x)[offset],
                   g_pack = reinterpret_cast<const Packed*>(g)[offset];
      Packed out;
#pragma unroll
      for (int e = 0; e < kPack; ++e) {
        const float normalized = (to_float(x_pack.values[e]) - mean[e]) * rstd[e];
        out.values[e] =
            from_float<Scalar>(scale[e] * fmaf(-normalized, slope[e], to_float(g_pack.values[e]) - mean_g[e]));
      }
      reinterpret_cast<Packed*>(d_x)[offset] = out;
    }
}

template <class Scalar, int kPack>
Launch launch_of(const BatchNormArguments& a, Device& device) {
  const Columns columns(a.op, kPack);
  const std::int64_t channels = a.op.channels;
  const auto floats = [&](std::int64_t count) {
    return std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(count) * sizeof(float));
  };
  const auto partial = floats(columns.slabs * 2 * channels), combined = floats(2 * channels);
  return [=, stream = device.stream()] {
    auto* const sums = static_cast<float*>(partial->get());
    auto* const means = static_cast<float*>(combined->get());
    const auto* const x = a.x.as<const Scalar>();
    const auto* const g = a.g_y.as<const Scalar>();
    launch(column_slab_gradient_sums<Scalar, kPack>, columns.shape(), stream, x, g, a.saved_mean, a.saved_rstd, sums,
           columns);
    launch(combine_gradient_sums, combine_shape(channels, columns.slabs), stream, sums, means, a.d_weight, a.d_bias,
           channels, columns.slabs, static_cast<float>(columns.rows));
    launch(apply<Scalar, kPack>, columns.shape(), stream, x, g, a.weight, a.saved_mean, a.saved_rstd, means,
           a.d_x.as<Scalar>(), columns);
  };
}

}  // namespace

Launch batch_norm_backward_channels_last(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormArguments a(problem, tensors);
  return with_columns(problem, a, [&](auto scalar, auto pack) {
    return launch_of<typename decltype(scalar)::type, pack()>(a, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
