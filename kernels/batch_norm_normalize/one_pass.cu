// SPDX-License-Identifier: Apache-2.0
// Idea: one pass, as (x - mean) * rstd * weight + bias and not folded into x * s + t, which would cancel where the mean
// is far from zero.
// Layout: planes: a block per (channel, slab), 16 values per thread; channels side by side: a block per slab of rows, 8
// packs per thread.
// Fast because: x is read once and y written once in packs of up to 16 bytes with a thread's loads in flight together;
// what is per channel is loaded once per thread.
#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/columns.cuh"
#include "kernels/batch_norm/part_arguments.hpp"
#include "kernels/batch_norm/planes.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/operators.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

/// Per channel; weight and bias null where there are none.
struct Normalisation {
  const float *mean, *rstd, *weight, *bias;
};

template <class Scalar, int kPack>
__global__ void __launch_bounds__(PlaneSlabs::kThreads)
    normalise_planes(const Scalar* __restrict__ x, Normalisation n, Scalar* __restrict__ y, Planes planes,
                     unsigned slabs) {
  using Packed = Pack<Scalar, kPack>;
  constexpr int kPacks = PlaneSlabs::kHeld / kPack;
  const std::int64_t channel = blockIdx.x / slabs;
  const unsigned first = blockIdx.x % slabs * kPacks * PlaneSlabs::kThreads + threadIdx.x;
  Packed held[kPacks];
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = first + k * PlaneSlabs::kThreads; i < planes.packs)
      held[k] = reinterpret_cast<const Packed*>(x)[planes.offset(channel, i)];
  const float mean = n.mean[channel], rstd = n.rstd[channel];
  const float scale = n.weight ? n.weight[channel] : 1.0f, shift = n.weight ? n.bias[channel] : 0.0f;
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = first + k * PlaneSlabs::kThreads; i < planes.packs) {
      Packed out;
#pragma unroll
      for (int e = 0; e < kPack; ++e)
        out.values[e] = from_float<Scalar>(fmaf((to_float(held[k].values[e]) - mean) * rstd, scale, shift));
      reinterpret_cast<Packed*>(y)[planes.offset(channel, i)] = out;
    }
}

template <class Scalar, int kPack>
__global__ void __launch_bounds__(ColumnSlabs::kThreads)
    normalise_columns(const Scalar* __restrict__ x, Normalisation n, Scalar* __restrict__ y, Columns columns) {
  using Packed = Pack<Scalar, kPack>;
  constexpr int kRows = ColumnSlabs::kRowsPerThread;
  const ColumnThread at(columns);
  if (!at.inside) return;
  const std::int64_t first = columns.first_row(blockIdx.x) + at.row_in_block;
  Packed held[kRows];
#pragma unroll
  for (int k = 0; k < kRows; ++k)
    if (const std::int64_t row = first + k * at.rows_in_block; row < columns.rows)
      held[k] = reinterpret_cast<const Packed*>(x)[row * columns.packs_per_row + at.column];
  float mean[kPack], rstd[kPack], scale[kPack], shift[kPack];
  load_channels(mean, n.mean, at.column);
  load_channels(rstd, n.rstd, at.column);
  load_channels(scale, n.weight, at.column, 1.0f);
  load_channels(shift, n.bias, at.column);
#pragma unroll
  for (int k = 0; k < kRows; ++k)
    if (const std::int64_t row = first + k * at.rows_in_block; row < columns.rows) {
      Packed out;
#pragma unroll
      for (int e = 0; e < kPack; ++e)
        out.values[e] = from_float<Scalar>(fmaf((to_float(held[k].values[e]) - mean[e]) * rstd[e], scale[e], shift[e]));
      reinterpret_cast<Packed*>(y)[row * columns.packs_per_row + at.column] = out;
    }
}

}  // namespace

Launch batch_norm_normalize_one_pass(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormPart part(batch_norm_normalize_operator(), problem, tensors);
  const Normalisation n{part.floats("mean"), part.floats("rstd"), part.floats("weight"), part.floats("bias")};
  const void* const x = part.input("x");
  void* const y = part.output("y");
  if (!lies_in_planes(problem))
    return with_columns(problem, part, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
      using Scalar = typename decltype(scalar)::type;
      const Columns columns(part.op, pack());
      return [=] {
        launch(normalise_columns<Scalar, pack()>, columns.shape(), stream, static_cast<const Scalar*>(x), n,
               static_cast<Scalar*>(y), columns);
      };
    });
  return with_planes(problem, part, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
    using Scalar = typename decltype(scalar)::type;
    const Planes planes(part.op, pack());
    const auto slabs = static_cast<unsigned>(PlaneSlabs::slabs(part.op));
    const LaunchShape shape{LaunchExtent(part.op.channels * slabs), LaunchExtent(PlaneSlabs::kThreads), 0};
    return [=] {
      launch(normalise_planes<Scalar, pack()>, shape, stream, static_cast<const Scalar*>(x), n, static_cast<Scalar*>(y),
             planes, slabs);
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
