// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "harness/simt/port.cuh"
#include "kernels/shared/reduce.cuh"

// Orders of a norm: how an element enters (`add`), how parts are joined, and what the norm is in the end. The zero of
// `Gathered` is neutral.
namespace lockstep::LOCKSTEP_BACKEND {

/// What all sums share.
struct SumOrder {
  using Gathered = float;
  /// Whether parts of a tensor may be joined with those of others.
  static constexpr bool kWholeTensors = false;
  __device__ __forceinline__ static float join(float a, float b) { return a + b; }
  __device__ __forceinline__ static float of_tensor(float part) { return part; }
};

struct SumOfSizes : SumOrder {
  __device__ __forceinline__ static float add(float total, float x) { return total + fabsf(x); }
  __device__ __forceinline__ static float norm(float total) { return total; }
};

struct SumOfSquares : SumOrder {
  __device__ __forceinline__ static float add(float total, float x) { return fmaf(x, x, total); }
  __device__ __forceinline__ static float norm(float total) { return sqrtf(total); }
};

struct SumOfPowers : SumOrder {
  float power, inverse_power;
  __host__ __device__ SumOfPowers(float power_, float inverse_power_) : power(power_), inverse_power(inverse_power_) {}
  __device__ __forceinline__ float add(float total, float x) const { return total + powf(fabsf(x), power); }
  __device__ __forceinline__ float norm(float total) const { return powf(total, inverse_power); }
};

/// Order 0 counts elements in a tensor, and then tensors.
struct CountOfOthersThanZero : SumOrder {
  static constexpr bool kWholeTensors = true;
  __device__ __forceinline__ static float add(float total, float x) { return total + (x != 0.0f ? 1.0f : 0.0f); }
  __device__ __forceinline__ static float of_tensor(float count) { return count != 0.0f ? 1.0f : 0.0f; }
  __device__ __forceinline__ static float norm(float total) { return total; }
};

/// Sizes as integers: the bits of numbers that are not negative are ordered as they are, and NaN comes above infinity.
struct ExtremeOrder {
  using Gathered = std::uint32_t;
  static constexpr bool kWholeTensors = false;
  static constexpr std::uint32_t kInfinityBits = 0x7f800000u;
  __device__ __forceinline__ static std::uint32_t join(std::uint32_t a, std::uint32_t b) { return a > b ? a : b; }
  __device__ __forceinline__ static std::uint32_t of_tensor(std::uint32_t part) { return part; }
};

struct LargestSize : ExtremeOrder {
  __device__ __forceinline__ static std::uint32_t add(std::uint32_t largest, float x) {
    return join(largest, __float_as_uint(fabsf(x)));
  }
  __device__ __forceinline__ static float norm(std::uint32_t largest) { return __uint_as_float(largest); }
};

/// The distance below infinity is largest for the smallest; a NaN is above all.
struct SmallestSize : ExtremeOrder {
  static constexpr std::uint32_t kNaN = 0xffffffffu;
  __device__ __forceinline__ static std::uint32_t add(std::uint32_t largest, float x) {
    const std::uint32_t bits = __float_as_uint(fabsf(x));
    return join(largest, bits > kInfinityBits ? kNaN : kInfinityBits - bits);
  }
  __device__ __forceinline__ static float norm(std::uint32_t largest) {
    return __uint_as_float(largest == kNaN ? 0x7fc00000u : kInfinityBits - largest);
  }
};

/// All threads' numbers joined by a tree of fixed shape, known to every thread; for blocks of whole warps.
template <class Order, class Gathered>
__device__ __forceinline__ Gathered join_block(const Order& order, Gathered value) {
  LOCKSTEP_SHARED(Gathered, per_warp, [32]);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2)
    value = order.join(value, __shfl_xor_sync(kAllLanes, value, distance));
  if (lane == 0) per_warp[warp] = value;
  __syncthreads();
  const int warps = static_cast<int>(blockDim.x) / 32;
  value = lane < warps ? per_warp[lane] : Gathered{};
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2)
    value = order.join(value, __shfl_xor_sync(kAllLanes, value, distance));
  return value;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
