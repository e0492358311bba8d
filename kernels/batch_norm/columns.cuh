// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/implementation.hpp"
#include "kernels/batch_norm/geometry.hpp"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/scalar.cuh"

// Channels-last activations: a matrix of rows (one position of one image) by channels. In a block `lanes` threads, a
// power of two, stand side by side along the channels, each on a pack of them, and 256 / lanes rows below each other.
namespace lockstep::LOCKSTEP_BACKEND {

struct Columns {
  std::int64_t rows;
  unsigned packs_per_row;
  int lanes;
  unsigned slabs;

  Columns(const ChannelPlanes& op, int pack)
      : rows(op.count()),
        packs_per_row(static_cast<unsigned>(op.channels / pack)),
        lanes(ColumnSlabs::lanes(op, pack)),
        slabs(static_cast<unsigned>(ColumnSlabs::slabs(op, lanes))) {}

  LaunchShape shape() const {
    return {LaunchExtent(slabs, divide_up(packs_per_row, lanes)), LaunchExtent(ColumnSlabs::kThreads), 0};
  }
  /// First row of a slab.
  __device__ __forceinline__ std::int64_t first_row(unsigned slab) const {
    return static_cast<std::int64_t>(slab) * (ColumnSlabs::kThreads / lanes) * ColumnSlabs::kRowsPerThread;
  }
};

/// Where a thread of a slab's block stands.
struct ColumnThread {
  unsigned column;  ///< in packs
  int row_in_block, rows_in_block;
  bool inside;

  __device__ __forceinline__ explicit ColumnThread(const Columns& c)
      : column(blockIdx.y * c.lanes + threadIdx.x % c.lanes),
        row_in_block(static_cast<int>(threadIdx.x) / c.lanes),
        rows_in_block(ColumnSlabs::kThreads / c.lanes),
        inside(column < c.packs_per_row) {}
};

/// The largest packs along the channels, of at most 16 bytes, that leave none over and whose memory is aligned:
/// function(TypeTag<Scalar>, integral_constant<kPack>). Arguments: those of batch_norm or of one of its parts.
template <class Scalar, int kPack, class Arguments, class Function>
Launch with_columns_of(const Arguments& a, Function function) {
  if constexpr (kPack > 1)
    if (a.op.channels % kPack != 0 || !a.activations_aligned(kPack * sizeof(Scalar)) || !a.channels_aligned(16))
      return with_columns_of<Scalar, kPack / 2>(a, function);
  return function(TypeTag<Scalar>{}, std::integral_constant<int, kPack>{});
}

template <class Arguments, class Function>
Launch with_columns(const Problem& problem, const Arguments& a, Function function) {
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    return with_columns_of<Scalar, kFullPack<Scalar>>(a, function);
  });
}

/// The floats of a pack of channels; absent tensors give `otherwise`.
template <int kPack>
__device__ __forceinline__ void load_channels(float (&values)[kPack], const float* tensor, unsigned column,
                                              float otherwise = 0.0f) {
  constexpr int kWidth = kPack >= 4 ? 4 : kPack;
#pragma unroll
  for (int first = 0; first < kPack; first += kWidth) {
    Pack<float, kWidth> part;
    if (tensor) part = *reinterpret_cast<const Pack<float, kWidth>*>(tensor + column * kPack + first);
#pragma unroll
    for (int e = 0; e < kWidth; ++e) values[first + e] = tensor ? part.values[e] : otherwise;
  }
}

/// Adds up each column of the block: afterwards every thread holds the sums of its own column. Called by all threads.
template <int kPack>
__device__ __forceinline__ void column_sum(float (&values)[kPack], int lanes) {
  LOCKSTEP_SHARED(float, scratch, [kPack][ColumnSlabs::kThreads]);
  const int thread = static_cast<int>(threadIdx.x);
#pragma unroll
  for (int e = 0; e < kPack; ++e) scratch[e][thread] = values[e];
  for (int half = ColumnSlabs::kThreads / 2; half >= lanes; half /= 2) {
    __syncthreads();
    if (thread < half)
#pragma unroll
      for (int e = 0; e < kPack; ++e) scratch[e][thread] += scratch[e][thread + half];
  }
  __syncthreads();
#pragma unroll
  for (int e = 0; e < kPack; ++e) values[e] = scratch[e][thread % lanes];
  __syncthreads();
}

/// How slabs' results are combined: 8 channels side by side per block, blockDim.y threads share the slabs of a channel.
inline constexpr int kCombinedChannels = 8;

inline LaunchShape combine_shape(std::int64_t channels, unsigned slabs) {
  return {LaunchExtent(divide_up(channels, kCombinedChannels)),
          LaunchExtent(kCombinedChannels, ColumnSlabs::combining(slabs)), 0};
}

/// Sum over the threads of a channel, known to all of them afterwards. Called by all threads of the block.
__device__ __forceinline__ float combine_sum(float value) {
  LOCKSTEP_SHARED(float, scratch, [ColumnSlabs::kMostCombining][kCombinedChannels]);
  scratch[threadIdx.y][threadIdx.x] = value;
  for (unsigned half = blockDim.y / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.y < half) scratch[threadIdx.y][threadIdx.x] += scratch[threadIdx.y + half][threadIdx.x];
  }
  __syncthreads();
  const float total = scratch[0][threadIdx.x];
  __syncthreads();
  return total;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
