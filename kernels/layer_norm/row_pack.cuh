// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/rows.hpp"
#include "kernels/shared/scalar.cuh"

// Steps of layer normalisation on neighbouring elements of a row, shared by the kernels that differ in who owns a row.
namespace lockstep::LOCKSTEP_BACKEND {

template <int kPack>
struct FloatPack {
  float values[kPack];
};

/// Reads a pack at `from`, aligned to its size.
template <int kPack, class Scalar>
__device__ __forceinline__ FloatPack<kPack> load_pack(const Scalar* from) {
  const auto pack = *reinterpret_cast<const Pack<Scalar, kPack>*>(from);
  FloatPack<kPack> result;
#pragma unroll
  for (int i = 0; i < kPack; ++i) result.values[i] = to_float(pack.values[i]);
  return result;
}

/// The pack at `first`, or `otherwise` where there is no such parameter.
template <int kPack, class Scalar>
__device__ __forceinline__ FloatPack<kPack> load_parameter(const Scalar* parameter, int first, float otherwise) {
  if (parameter) return load_pack<kPack>(parameter + first);
  FloatPack<kPack> result;
#pragma unroll
  for (int i = 0; i < kPack; ++i) result.values[i] = otherwise;
  return result;
}

template <int kPack, class Scalar>
__device__ __forceinline__ void store_pack(const FloatPack<kPack>& pack, Scalar* to) {
  Pack<Scalar, kPack> out;
#pragma unroll
  for (int i = 0; i < kPack; ++i) out.values[i] = from_float<Scalar>(pack.values[i]);
  *reinterpret_cast<Pack<Scalar, kPack>*>(to) = out;
}

template <int kPack>
__device__ __forceinline__ float add_squares(const FloatPack<kPack>& pack, float mean, float squares) {
#pragma unroll
  for (int i = 0; i < kPack; ++i) {
    const float deviation = pack.values[i] - mean;
    squares = fmaf(deviation, deviation, squares);
  }
  return squares;
}

/// y of the pack at `first` of its row. Without weight and bias 1 and 0 stand in, which change no bit.
template <int kPack, class Scalar>
__device__ __forceinline__ void store_normalized(FloatPack<kPack> pack, float mean, float rstd, const Scalar* weight,
                                                 const Scalar* bias, int first, Scalar* y_row) {
  const auto scale = load_parameter<kPack>(weight, first, 1.0f), shift = load_parameter<kPack>(bias, first, 0.0f);
#pragma unroll
  for (int i = 0; i < kPack; ++i)
    pack.values[i] = fmaf((pack.values[i] - mean) * rstd, scale.values[i], shift.values[i]);
  store_pack(pack, y_row + first);
}

/// Whether rows and parameters alike can be moved in aligned packs.
inline bool all_take_packs(const Tensors& tensors, std::int64_t columns, int pack) {
  for (const auto* list : {&tensors.inputs, &tensors.outputs})
    for (const TensorView& view : *list)
      if (!rows_take_packs(view, columns, pack)) return false;
  return true;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
