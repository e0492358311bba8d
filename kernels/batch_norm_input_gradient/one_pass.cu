// SPDX-License-Identifier: Apache-2.0
// Idea: with the sums given, d_x is one pass over x and g_y.
// Layout: planes: a block per (channel, slab), 16 values of each tensor per thread; channels side by side: a block per
// slab of rows, 8 packs per thread.
// Fast because: every tensor moves once, in packs of up to 16 bytes with a thread's loads in flight together; the
// divisions by the count are done once per thread and channel, not once per value.
#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/columns.cuh"
#include "kernels/batch_norm/part_arguments.hpp"
#include "kernels/batch_norm/planes.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/operators.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

/// Per channel; weight null where there is none. count: two digits of base 2^24.
struct GivenSums {
  const float *weight, *mean, *rstd, *sum_g, *sum_g_centered, *count;

  __device__ __forceinline__ float values() const { return fmaf(count[0], 0x1p24f, count[1]); }
};

/// d_x = scale (g - mean_g - (x - mean) slope).
struct ChannelGradient {
  float mean, mean_g, slope, scale;

  __device__ __forceinline__ ChannelGradient(float mean_, float rstd, float weight, float sum_g, float sum_g_centered,
                                             float count)
      : mean(mean_), mean_g(sum_g / count), slope(rstd * rstd * (sum_g_centered / count)), scale(weight * rstd) {}
  __device__ __forceinline__ float operator()(float x, float g) const {
    return scale * fmaf(-(x - mean), slope, g - mean_g);
  }
};

template <class Scalar, int kPack>
__global__ void __launch_bounds__(PlaneSlabs::kThreads)
    gradient_of_planes(const Scalar* __restrict__ x, const Scalar* __restrict__ g, GivenSums given,
                       Scalar* __restrict__ d_x, Planes planes, unsigned slabs) {
  using Packed = Pack<Scalar, kPack>;
  constexpr int kPacks = PlaneSlabs::kHeld / kPack;
  const std::int64_t channel = blockIdx.x / slabs;
  const unsigned first = blockIdx.x % slabs * kPacks * PlaneSlabs::kThreads + threadIdx.x;
  Packed held_x[kPacks], held_g[kPacks];
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = first + k * PlaneSlabs::kThreads; i < planes.packs) {
      const std::int64_t offset = planes.offset(channel, i);
      held_x[k] = reinterpret_cast<const Packed*>(x)[offset];
      held_g[k] = reinterpret_cast<const Packed*>(g)[offset];
    }
  const ChannelGradient gradient(given.mean[channel], given.rstd[channel], given.weight ? given.weight[channel] : 1.0f,
                                 given.sum_g[channel], given.sum_g_centered[channel], given.values());
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = first + k * PlaneSlabs::kThreads; i < planes.packs) {
      Packed out;
#pragma unroll
      for (int e = 0; e < kPack; ++e)
        out.values[e] = from_float<Scalar>(gradient(to_float(held_x[k].values[e]), to_float(held_g[k].values[e])));
      reinterpret_cast<Packed*>(d_x)[planes.offset(channel, i)] = out;
    }
}

template <class Scalar, int kPack>
__global__ void __launch_bounds__(ColumnSlabs::kThreads)
    gradient_of_columns(const Scalar* __restrict__ x, const Scalar* __restrict__ g, GivenSums given,
                        Scalar* __restrict__ d_x, Columns columns) {
  using Packed = Pack<Scalar, kPack>;
  constexpr int kRows = ColumnSlabs::kRowsPerThread;
  const ColumnThread at(columns);
  if (!at.inside) return;
  const std::int64_t first = columns.first_row(blockIdx.x) + at.row_in_block;
  float mean[kPack], mean_g[kPack], slope[kPack], scale[kPack], rstd[kPack];
  load_channels(mean, given.mean, at.column);
  load_channels(rstd, given.rstd, at.column);
  load_channels(scale, given.weight, at.column, 1.0f);
  load_channels(mean_g, given.sum_g, at.column);
  load_channels(slope, given.sum_g_centered, at.column);
  const float count = given.values();
#pragma unroll
  for (int e = 0; e < kPack; ++e) {
    const ChannelGradient gradient(mean[e], rstd[e], scale[e], mean_g[e], slope[e], count);
    mean_g[e] = gradient.mean_g;
    slope[e] = gradient.slope;
    scale[e] = gradient.scale;
  }
#pragma unroll 4
  for (int k = 0; k < kRows; ++k)
    if (const std::int64_t row = first + k * at.rows_in_block; row < columns.rows) {
      const std::int64_t offset = row * columns.packs_per_row + at.column;
      const Packed x_pack = reinterpret_cast<const Packed*>(x)[offset],
                   g_pack = reinterpret_cast<const Packed*>(g)[offset];
      Packed out;
#pragma unroll
      for (int e = 0; e < kPack; ++e)
        out.values[e] = from_float<Scalar>(
            scale[e] * fmaf(-(to_float(x_pack.values[e]) - mean[e]), slope[e], to_float(g_pack.values[e]) - mean_g[e]));
      reinterpret_cast<Packed*>(d_x)[offset] = out;
    }
}

}  // namespace

Launch batch_norm_input_gradient_one_pass(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormPart part(batch_norm_input_gradient_operator(), problem, tensors);
  const GivenSums given{part.floats("weight"), part.floats("mean"),           part.floats("rstd"),
                        part.floats("sum_g"),  part.floats("sum_g_centered"), part.floats("count")};
  const void *const x = part.input("x"), *const g = part.input("g_y");
  void* const d_x = part.output("d_x");
  if (!lies_in_planes(problem))
    return with_columns(problem, part, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
      using Scalar = typename decltype(scalar)::type;
      const Columns columns(part.op, pack());
      return [=] {
        launch(gradient_of_columns<Scalar, pack()>, columns.shape(), stream, static_cast<const Scalar*>(x),
               static_cast<const Scalar*>(g), given, static_cast<Scalar*>(d_x), columns);
      };
    });
  return with_planes(problem, part, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
    using Scalar = typename decltype(scalar)::type;
    const Planes planes(part.op, pack());
    const auto slabs = static_cast<unsigned>(PlaneSlabs::slabs(part.op));
    const LaunchShape shape{LaunchExtent(part.op.channels * slabs), LaunchExtent(PlaneSlabs::kThreads), 0};
    return [=] {
      launch(gradient_of_planes<Scalar, pack()>, shape, stream, static_cast<const Scalar*>(x),
             static_cast<const Scalar*>(g), given, static_cast<Scalar*>(d_x), planes, slabs);
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
