// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/batch_norm/planes.cuh"

// Statistics of slabs of a channel: each slab is summed in two passes around its own mean m as it was rounded, and keeps
// the sum of its deviations r, not quite zero. About another mean the squares are then q + 2 d r + n d^2 with
// d = m - mean, an identity for any m: combined, slabs are as good as two passes over all of x.
namespace lockstep::LOCKSTEP_BACKEND {

/// Of one slab: the sum, and about sum / values the sums of deviations and of their squares.
struct SlabSums {
  float total, deviations, squares;
};

template <class Scalar, int kPack>
struct Slab {
  static constexpr int kPacks = PlaneSlabs::kHeld / kPack;
  unsigned first, packs;
  Pack<Scalar, kPack> held[kPacks];

  __device__ __forceinline__ Slab(const Planes& planes, unsigned slab)
      : first(slab * kPacks * PlaneSlabs::kThreads), packs(planes.packs) {}
  __device__ __forceinline__ unsigned index(int k) const { return first + k * PlaneSlabs::kThreads + threadIdx.x; }
  __device__ __forceinline__ void load(const Scalar* x, const Planes& planes, std::int64_t channel) {
#pragma unroll
    for (int k = 0; k < kPacks; ++k)
      if (index(k) < packs) held[k] = reinterpret_cast<const Pack<Scalar, kPack>*>(x)[planes.offset(channel, index(k))];
  }
};

template <class Scalar, int kPack>
__global__ void __launch_bounds__(PlaneSlabs::kThreads)
    slab_statistics(const Scalar* __restrict__ x, SlabSums* __restrict__ partial, Planes planes, unsigned slabs) {
  const std::int64_t channel = blockIdx.x / slabs;
  Slab<Scalar, kPack> slab(planes, blockIdx.x % slabs);
  slab.load(x, planes, channel);
  float total = 0.0f;
#pragma unroll
  for (int k = 0; k < slab.kPacks; ++k)
    if (slab.index(k) < slab.packs)
#pragma unroll
      for (int e = 0; e < kPack; ++e) total += to_float(slab.held[k].values[e]);
  total = block_sum(total);

  const float values = static_cast<float>(min(slab.packs - slab.first, slab.kPacks * PlaneSlabs::kThreads) * kPack);
  const float mean = total / values;
  float2 sums = make_float2(0.0f, 0.0f);
#pragma unroll
  for (int k = 0; k < slab.kPacks; ++k)
    if (slab.index(k) < slab.packs)
#pragma unroll
      for (int e = 0; e < kPack; ++e) {
        const float deviation = to_float(slab.held[k].values[e]) - mean;
        sums.x += deviation;
        sums.y = fmaf(deviation, deviation, sums.y);
      }
  sums = block_sum(sums);
  if (threadIdx.x == 0) partial[blockIdx.x] = {total, sums.x, sums.y};
}

}  // namespace lockstep::LOCKSTEP_BACKEND
