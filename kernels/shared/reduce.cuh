// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/simt/port.cuh"

// Sums and maxima over the lanes of a warp and the threads of a block. Butterflies, so that every lane ends with the
// result, and trees of fixed shape, so that the result has the same bits in every run.
namespace lockstep::LOCKSTEP_BACKEND {

inline constexpr unsigned kAllLanes = 0xffffffffu;

__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(kAllLanes, value, distance);
  return value;
}

__device__ __forceinline__ float warp_max(float value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2)
    value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, distance));
  return value;
}

/// Sum over a block of up to 1024 threads (a multiple of 32), known to every thread afterwards. Called by all threads;
/// contains two barriers, so that calls may follow one another.
__device__ __forceinline__ float block_sum(float value) {
  LOCKSTEP_SHARED(float, per_warp, [32]);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  value = warp_sum(value);
  if (lane == 0) per_warp[warp] = value;
  __syncthreads();
  const int warps = static_cast<int>(blockDim.x) / 32;
  const float total = warp_sum(lane < warps ? per_warp[lane] : 0.0f);
  __syncthreads();
  return total;
}

/// Maximum over a block, as block_sum.
__device__ __forceinline__ float block_max(float value) {
  LOCKSTEP_SHARED(float, per_warp, [32]);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  value = warp_max(value);
  if (lane == 0) per_warp[warp] = value;
  __syncthreads();
  const int warps = static_cast<int>(blockDim.x) / 32;
  const float total = warp_max(lane < warps ? per_warp[lane] : per_warp[0]);
  __syncthreads();
  return total;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
