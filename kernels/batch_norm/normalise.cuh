// SPDX-License-Identifier: Apache-2.0
// Idea: (x - mean) * rstd * weight + bias in one pass, and not folded into x * s + t, which would cancel where the mean is
// far from zero. Shared by evaluation and by synchronised batch norm, which differ in where the statistics come from.
#pragma once

#include "kernels/batch_norm/columns.cuh"
#include "kernels/batch_norm/planes.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

/// What one channel is normalised with.
struct ChannelAffine {
  float mean, rstd, scale, shift;

  __device__ float operator()(float x) const { return fmaf((x - mean) * rstd, scale, shift); }
};

/// One block's slab of one channel's planes. `affine_of(channel, leads)` is asked once per thread, behind the thread's
/// loads, so that both are in flight together; `leads` is true for one thread of the channel.
template <class Scalar, int kPack, class AffineOf>
__device__ void normalise_planes_with(const Scalar* __restrict__ x, Scalar* __restrict__ y, const Planes& planes,
                                      unsigned slabs, AffineOf affine_of) {
  using Packed = Pack<Scalar, kPack>;
  constexpr int kPacks = PlaneSlabs::kHeld / kPack;
  const std::int64_t channel = blockIdx.x / slabs;
  const unsigned first = blockIdx.x % slabs * kPacks * PlaneSlabs::kThreads + threadIdx.x;
  Packed held[kPacks];
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = first + k * PlaneSlabs::kThreads; i < planes.packs)
      held[k] = reinterpret_cast<const Packed*>(x)[planes.offset(channel, i)];
  const ChannelAffine affine = affine_of(channel, first == 0);
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = first + k * PlaneSlabs::kThreads; i < planes.packs) {
      Packed out;
#pragma unroll
      for (int e = 0; e < kPack; ++e) out.values[e] = from_float<Scalar>(affine(to_float(held[k].values[e])));
      reinterpret_cast<Packed*>(y)[planes.offset(channel, i)] = out;
    }
}

/// One block's slab of rows where channels lie side by side. `load_affines(affines, column, leads)` fills the kPack
/// channels of a thread's column of packs.
template <class Scalar, int kPack, class LoadAffines>
__device__ void normalise_columns_with(const Scalar* __restrict__ x, Scalar* __restrict__ y, const Columns& columns,
                                       LoadAffines load_affines) {
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
  ChannelAffine affines[kPack];
  load_affines(affines, at.column, first == 0);
#pragma unroll
  for (int k = 0; k < kRows; ++k)
    if (const std::int64_t row = first + k * at.rows_in_block; row < columns.rows) {
      Packed out;
#pragma unroll
      for (int e = 0; e < kPack; ++e) out.values[e] = from_float<Scalar>(affines[e](to_float(held[k].values[e])));
      reinterpret_cast<Packed*>(y)[row * columns.packs_per_row + at.column] = out;
    }
}

/// The affine maps of a column of packs from what is stored per channel; weight and bias null where there are none.
template <int kPack, class Column>
__device__ void load_affines_of(ChannelAffine (&affines)[kPack], Column column, const float* __restrict__ mean,
                                const float* __restrict__ rstd, const float* __restrict__ weight,
                                const float* __restrict__ bias) {
  float means[kPack], rstds[kPack], scales[kPack], shifts[kPack];
  load_channels(means, mean, column);
  load_channels(rstds, rstd, column);
  load_channels(scales, weight, column, 1.0f);
  load_channels(shifts, bias, column);
#pragma unroll
  for (int e = 0; e < kPack; ++e) affines[e] = {means[e], rstds[e], scales[e], shifts[e]};
}

}  // namespace lockstep::LOCKSTEP_BACKEND
