// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/data/dtype.hpp"
#include "harness/data/error.hpp"
#include "harness/simt/port.cuh"

// Storage types of kernels (float, __half, __nv_bfloat16): arithmetic is in float, each result is rounded once.
namespace lockstep::LOCKSTEP_BACKEND {

__device__ __forceinline__ float to_float(float value) { return value; }
__device__ __forceinline__ float to_float(__half value) { return __half2float(value); }
__device__ __forceinline__ float to_float(__nv_bfloat16 value) { return __bfloat162float(value); }

template <class Scalar>
__device__ __forceinline__ Scalar from_float(float value);
template <>
__device__ __forceinline__ float from_float<float>(float value) {
  return value;
}
template <>
__device__ __forceinline__ __half from_float<__half>(float value) {
  return __float2half(value);
}
template <>
__device__ __forceinline__ __nv_bfloat16 from_float<__nv_bfloat16>(float value) {
  return __float2bfloat16(value);
}

/// `kCount` neighbours moved by one access; 16 bytes are what a lane loads at full bandwidth.
template <class Scalar, int kCount>
struct alignas(sizeof(Scalar) * kCount) Pack {
  Scalar values[kCount];
};

/// Elements of `Scalar` in 16 bytes.
template <class Scalar>
inline constexpr int kFullPack = 16 / static_cast<int>(sizeof(Scalar));

/// Names a type in a call without making a value of it.
template <class Type>
struct TypeTag {
  using type = Type;
};

/// Calls function(TypeTag<Scalar>{}) with the storage type of `dtype`.
template <class Function>
auto with_scalar(DType dtype, Function function) {
  switch (dtype) {
    case DType::f32: return function(TypeTag<float>{});
    case DType::f16: return function(TypeTag<__half>{});
    case DType::bf16: return function(TypeTag<__nv_bfloat16>{});
    default: throw Error("kernels take f32, f16, bf16; got " + std::string(name_of(dtype)));
  }
}

}  // namespace lockstep::LOCKSTEP_BACKEND
