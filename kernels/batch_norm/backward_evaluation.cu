// SPDX-License-Identifier: Apache-2.0
// Idea: in evaluation d_x needs no sum, so one pass over x and g_y writes d_x and leaves the sums of d_weight and
// d_bias per slab; a small second launch adds the slabs up. Without weights x is not read at all.
// Layout: planes: a block per channel and slab, 16 values per thread; channels side by side: a block per slab of rows,
// 8 packs per thread.
// Fast because: every tensor moves once, in packs of up to 16 bytes with a thread's loads in flight together.
#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/columns.cuh"
#include "kernels/batch_norm/planes.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

/// Per-channel inputs; `weight` null without weights.
struct Statistics {
  const float *weight, *mean, *var;
  float eps;
};

/// partial[(2 slab + k) channels + channel]: sums of g (k = 0) and of g times the normalised x (k = 1).
template <class Scalar, int kPack>
__global__ void __launch_bounds__(PlaneSlabs::kThreads)
    gradient_of_planes(const Scalar* __restrict__ x, const Scalar* __restrict__ g, Statistics statistics,
                       Scalar* __restrict__ d_x, float* __restrict__ partial, Planes planes, unsigned slabs) {
  using Packed = Pack<Scalar, kPack>;
  constexpr int kPacks = PlaneSlabs::kHeld / kPack;
  const bool sums_wanted = statistics.weight != nullptr;
  const std::int64_t channel = blockIdx.x / slabs;
  const unsigned slab = blockIdx.x % slabs, first = slab * kPacks * PlaneSlabs::kThreads + threadIdx.x;
  Packed held_x[kPacks], held_g[kPacks];
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = first + k * PlaneSlabs::kThreads; i < planes.packs) {
      const std::int64_t offset = planes.offset(channel, i);
      held_g[k] = reinterpret_cast<const Packed*>(g)[offset];
      if (sums_wanted) held_x[k] = reinterpret_cast<const Packed*>(x)[offset];
    }
  const float mean = statistics.mean[channel], rstd = rsqrtf(statistics.var[channel] + statistics.eps);
  const float scale = sums_wanted ? statistics.weight[channel] * rstd : rstd;
  float2 sums = make_float2(0.0f, 0.0f);
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = first + k * PlaneSlabs::kThreads; i < planes.packs) {
      Packed out;
#pragma unroll
      for (int e = 0; e < kPack; ++e) {
        const float gradient = to_float(held_g[k].values[e]);
        out.values[e] = from_float<Scalar>(scale * gradient);
        if (!sums_wanted) continue;
        sums.x += gradient;
        sums.y = fmaf(gradient, (to_float(held_x[k].values[e]) - mean) * rstd, sums.y);
      }
      reinterpret_cast<Packed*>(d_x)[planes.offset(channel, i)] = out;
    }
  if (!sums_wanted) return;  // the whole block
  sums = block_sum(sums);
  if (threadIdx.x != 0) return;
  partial[2 * slab * planes.channels + channel] = sums.x;
  partial[(2 * slab + 1) * planes.channels + channel] = sums.y;
}

template <class Scalar, int kPack>
__global__ void __launch_bounds__(ColumnSlabs::kThreads)
    gradient_of_columns(const Scalar* __restrict__ x, const Scalar* __restrict__ g, Statistics statistics,
                        Scalar* __restrict__ d_x, float* __restrict__ partial, Columns columns) {
  using Packed = Pack<Scalar, kPack>;
  constexpr int kRows = ColumnSlabs::kRowsPerThread;
  const bool sums_wanted = statistics.weight != nullptr;
  const ColumnThread at(columns);
  const std::int64_t first = columns.first_row(blockIdx.x) + at.row_in_block;
  float sums[kPack] = {}, products[kPack] = {};
  if (at.inside) {
    float mean[kPack], rstd[kPack], scale[kPack];
    load_channels(mean, statistics.mean, at.column);
    load_channels(rstd, statistics.var, at.column);
    load_channels(scale, statistics.weight, at.column, 1.0f);
#pragma unroll
    for (int e = 0; e < kPack; ++e) {
      rstd[e] = rsqrtf(rstd[e] + statistics.eps);
      scale[e] *= rstd[e];
    }
#pragma unroll 4
    for (int k = 0; k < kRows; ++k)
      if (const std::int64_t row = first + k * at.rows_in_block; row < columns.rows) {
        const std::int64_t offset = row * columns.packs_per_row + at.column;
        const Packed g_pack = reinterpret_cast<const Packed*>(g)[offset];
        Packed x_pack = {}, out;
        if (sums_wanted) x_pack = reinterpret_cast<const Packed*>(x)[offset];
#pragma unroll
        for (int e = 0; e < kPack; ++e) {
          const float gradient = to_float(g_pack.values[e]);
          out.values[e] = from_float<Scalar>(scale[e] * gradient);
          sums[e] += gradient;
          products[e] = fmaf(gradient, (to_float(x_pack.values[e]) - mean[e]) * rstd[e], products[e]);
        }
        reinterpret_cast<Packed*>(d_x)[offset] = out;
      }
  }
  if (!sums_wanted) return;  // the whole block
  column_sum(sums, columns.lanes);
  column_sum(products, columns.lanes);
  if (at.row_in_block != 0 || !at.inside) return;
  const std::int64_t channels = static_cast<std::int64_t>(columns.packs_per_row) * kPack;
  float* const own = partial + blockIdx.x * 2 * channels + at.column * kPack;
#pragma unroll
  for (int e = 0; e < kPack; ++e) {
    own[e] = sums[e];
    own[channels + e] = products[e];
  }
}

__global__ void add_up_slabs(const float* __restrict__ partial, float* __restrict__ d_weight,
                             float* __restrict__ d_bias, std::int64_t channels, unsigned slabs) {
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.x) * kCombinedChannels + threadIdx.x;
  const bool inside = channel < channels;
  float sum = 0.0f, product = 0.0f;
  for (unsigned slab = threadIdx.y; inside && slab < slabs; slab += blockDim.y) {
    sum += partial[2 * slab * channels + channel];
    product += partial[(2 * slab + 1) * channels + channel];
  }
  sum = combine_sum(sum);
  product = combine_sum(product);
  if (threadIdx.y != 0 || !inside) return;
  d_weight[channel] = product;
  d_bias[channel] = sum;
}

/// The pass over the activations, then the slabs' sums where there are weights.
template <class Pass>
Launch with_sums(const BatchNormArguments& a, Device& device, unsigned slabs, Pass pass) {
  const std::int64_t channels = a.op.channels;
  const auto bytes = a.weight ? static_cast<std::size_t>(2 * slabs * channels) * sizeof(float) : std::size_t{4};
  auto memory = std::make_shared<DeviceMemory>(device, bytes);
  return [=, stream = device.stream()] {
    auto* const partial = static_cast<float*>(memory->get());
    pass(partial, Statistics{a.weight, a.running_mean, a.running_var, static_cast<float>(a.op.eps)});
    if (a.weight)
      launch(add_up_slabs, combine_shape(channels, slabs), stream, partial, a.d_weight, a.d_bias, channels, slabs);
  };
}

}  // namespace

Launch batch_norm_backward_evaluation(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormArguments a(problem, tensors);
  if (!lies_in_planes(problem))
    return with_columns(problem, a, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
      using Scalar = typename decltype(scalar)::type;
      const Columns columns(a.op, pack());
      return with_sums(a, device, columns.slabs, [=](float* partial, const Statistics& statistics) {
        launch(gradient_of_columns<Scalar, pack()>, columns.shape(), stream, a.x.as<const Scalar>(),
               a.g_y.as<const Scalar>(), statistics, a.d_x.as<Scalar>(), partial, columns);
      });
    });
  return with_planes(problem, a, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
    using Scalar = typename decltype(scalar)::type;
    const Planes planes(a.op, pack());
    const auto slabs = static_cast<unsigned>(PlaneSlabs::slabs(a.op));
    const LaunchShape shape{LaunchExtent(a.op.channels * slabs), LaunchExtent(PlaneSlabs::kThreads), 0};
    return with_sums(a, device, slabs, [=](float* partial, const Statistics& statistics) {
      launch(gradient_of_planes<Scalar, pack()>, shape, stream, a.x.as<const Scalar>(), a.g_y.as<const Scalar>(),
             statistics, a.d_x.as<Scalar>(), partial, planes, slabs);
    });
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
