// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>

// Without AVX such vectors are passed in memory, as GCC warns; they are passed to inline functions only.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace lockstep {

/// Four doubles side by side, in the vector extension of GCC and Clang: for loops over many floats, which the errors of a
/// reference cannot afford one by one.
using Lanes = double __attribute__((vector_size(32)));
inline constexpr std::int64_t kLanes = 4;

/// Four neighbouring floats, exact.
inline Lanes load_lanes(const float* values) {
  using Floats = float __attribute__((vector_size(16)));
  Floats floats;
  std::memcpy(&floats, values, sizeof floats);
  return __builtin_convertvector(floats, Lanes);
}

inline Lanes absolute(Lanes values) {
  using Bits = std::int64_t __attribute__((vector_size(32)));
  return reinterpret_cast<Lanes>(reinterpret_cast<Bits>(values) & INT64_MAX);
}

inline double total(Lanes values) { return (values[0] + values[1]) + (values[2] + values[3]); }

}  // namespace lockstep
