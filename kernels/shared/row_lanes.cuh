// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/simt/port.cuh"

// Sums and maxima over kLanes neighbouring lanes of a warp (a power of two), each of which ends with the result. All 32
// lanes of the warp take part.
namespace lockstep::LOCKSTEP_BACKEND {

template <int kLanes>
__device__ __forceinline__ float lanes_sum(float value) {
#pragma unroll
  for (int distance = kLanes / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffffu, value, distance);
  return value;
}

template <int kLanes>
__device__ __forceinline__ float lanes_max(float value) {
#pragma unroll
  for (int distance = kLanes / 2; distance > 0; distance /= 2)
    value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, distance));
  return value;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
