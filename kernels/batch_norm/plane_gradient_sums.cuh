// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/batch_norm/planes.cuh"

// The two sums of a backward over slabs of a channel.
namespace lockstep::LOCKSTEP_BACKEND {

template <class Scalar, int kPack>
struct SlabPair {
  static constexpr int kPacks = PlaneSlabs::kHeld / kPack;
  unsigned first, packs;
  Pack<Scalar, kPack> x[kPacks], g[kPacks];

  __device__ __forceinline__ SlabPair(const Planes& planes, unsigned slab)
      : first(slab * kPacks * PlaneSlabs::kThreads), packs(planes.packs) {}
  __device__ __forceinline__ unsigned index(int k) const { return first + k * PlaneSlabs::kThreads + threadIdx.x; }
  __device__ __forceinline__ void load(const Scalar* from_x, const Scalar* from_g, const Planes& planes,
                                       std::int64_t channel) {
#pragma unroll
    for (int k = 0; k < kPacks; ++k)
      if (index(k) < packs) {
        const std::int64_t offset = planes.offset(channel, index(k));
        x[k] = reinterpret_cast<const Pack<Scalar, kPack>*>(from_x)[offset];
        g[k] = reinterpret_cast<const Pack<Scalar, kPack>*>(from_g)[offset];
      }
  }
};

/// partial[block]: sums of g and of g times the normalised x; where saved_rstd is null, of g times the centred x.
template <class Scalar, int kPack>
__global__ void __launch_bounds__(PlaneSlabs::kThreads)
    slab_gradient_sums(const Scalar* __restrict__ x, const Scalar* __restrict__ g, const float* __restrict__ saved_mean,
                       const float* __restrict__ saved_rstd, float2* __restrict__ partial, Planes planes,
                       unsigned slabs) {
  const std::int64_t channel = blockIdx.x / slabs;
  SlabPair<Scalar, kPack> slab(planes, blockIdx.x % slabs);
  slab.load(x, g, planes, channel);
  const float mean = saved_mean[channel], rstd = saved_rstd ? saved_rstd[channel] : 1.0f;
  float2 sums = make_float2(0.0f, 0.0f);
#pragma unroll
  for (int k = 0; k < slab.kPacks; ++k)
    if (slab.index(k) < slab.packs)
#pragma unroll
      for (int e = 0; e < kPack; ++e) {
        const float gradient = to_float(slab.g[k].values[e]);
        sums.x += gradient;
        sums.y = fmaf(gradient, (to_float(slab.x[k].values[e]) - mean) * rstd, sums.y);
      }
  sums = block_sum(sums);
  if (threadIdx.x == 0) partial[blockIdx.x] = sums;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
