// SPDX-License-Identifier: Apache-2.0
// Idea: evaluation scales by the running statistics in one launch, computed direct as (x - mean) * rstd * weight + bias
// and not folded into x * s + t, which would cancel where the mean is far from zero.
// Layout: planes: a block per channel and slab, 16 values per thread; channels side by side: a block per slab of rows,
// 8 packs per thread.
// Fast because: x is read once and y written once in packs of up to 16 bytes with a thread's loads in flight together;
// the per-channel arithmetic is done once per thread.
#include "kernels/batch_norm/columns.cuh"
#include "kernels/batch_norm/planes.cuh"
#include "kernels/batch_norm/running.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

template <class Scalar, int kPack>
__global__ void __launch_bounds__(PlaneSlabs::kThreads)
    evaluate_planes(const Scalar* __restrict__ x, const float* __restrict__ weight, const float* __restrict__ bias,
                    Scalar* __restrict__ y, Planes planes, RunningStatistics running, unsigned slabs, float eps) {
  using Packed = Pack<Scalar, kPack>;
  constexpr int kPacks = PlaneSlabs::kHeld / kPack;
  const std::int64_t channel = blockIdx.x / slabs;
  const unsigned first = blockIdx.x % slabs * kPacks * PlaneSlabs::kThreads + threadIdx.x;
  Packed held[kPacks];
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = first + k * PlaneSlabs::kThreads; i < planes.packs)
      held[k] = reinterpret_cast<const Packed*>(x)[planes.offset(channel, i)];
  if (first == 0) update_running(running, channel, 0.0f, 0.0f);
  const float mean = running.mean[channel], rstd = rsqrtf(running.var[channel] + eps);
  const float scale = weight ? weight[channel] : 1.0f, shift = weight ? bias[channel] : 0.0f;
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
    evaluate_columns(const Scalar* __restrict__ x, const float* __restrict__ weight, const float* __restrict__ bias,
                     Scalar* __restrict__ y, Columns columns, RunningStatistics running, float eps) {
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
  if (first == 0)
    for (int e = 0; e < kPack; ++e) update_running(running, at.column * kPack + e, 0.0f, 0.0f);
  float mean[kPack], rstd[kPack], scale[kPack], shift[kPack];
  load_channels(mean, running.mean, at.column);
  load_channels(rstd, running.var, at.column);
  load_channels(scale, weight, at.column, 1.0f);
  load_channels(shift, bias, at.column);
#pragma unroll
  for (int e = 0; e < kPack; ++e) rstd[e] = rsqrtf(rstd[e] + eps);
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

Launch batch_norm_forward_evaluation(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormArguments a(problem, tensors);
  const auto eps = static_cast<float>(a.op.eps);
  if (!lies_in_planes(problem))
    return with_columns(problem, a, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
      using Scalar = typename decltype(scalar)::type;
      const Columns columns(a.op, pack());
      return [=] {
        launch(evaluate_columns<Scalar, pack()>, columns.shape(), stream, a.x.as<const Scalar>(), a.weight, a.bias,
               a.y.as<Scalar>(), columns, running_statistics(a), eps);
      };
    });
  return with_planes(problem, a, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
    using Scalar = typename decltype(scalar)::type;
    const Planes planes(a.op, pack());
    const auto slabs = static_cast<unsigned>(PlaneSlabs::slabs(a.op));
    const LaunchShape shape{LaunchExtent(a.op.channels * slabs), LaunchExtent(PlaneSlabs::kThreads), 0};
    return [=] {
      launch(evaluate_planes<Scalar, pack()>, shape, stream, a.x.as<const Scalar>(), a.weight, a.bias, a.y.as<Scalar>(),
             planes, running_statistics(a), slabs, eps);
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
