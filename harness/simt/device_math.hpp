// SPDX-License-Identifier: Apache-2.0
// What CUDA's device library has beside <math.h>. Precise functions only: of __expf, __fdividef and their like the
// emulator has none, because it could not round as the device does. Everything here is rounded to nearest, once.
#pragma once

#include <math.h>

#include <bit>
#include <cstdint>

namespace lockstep::simt::dialect {

inline constexpr int warpSize = 32;

#if !__GLIBC_PREREQ(2, 42)  // later ones have these as C functions
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
#endif
inline float rcbrtf(float x) { return 1.0f / cbrtf(x); }
inline float normcdff(float x) { return 0.5f * erfcf(x * -0.707106781186547524f); }
inline double normcdf(double x) { return 0.5 * erfc(x * -0.70710678118654752440); }
/// Clamped to [0, 1], NaN to 0.
inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline float __frcp_rn(float a) { return 1.0f / a; }
// Through double, whose 1/sqrt is wrong by less than the distance to a tie of the 24-bit result.
inline float __frsqrt_rn(float a) { return static_cast<float>(1.0 / sqrt(static_cast<double>(a))); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __dsqrt_rn(double a) { return sqrt(a); }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }

inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline long long __double_as_longlong(double x) { return std::bit_cast<long long>(x); }
inline double __longlong_as_double(long long x) { return std::bit_cast<double>(x); }

inline int __popc(unsigned x) { return std::popcount(x); }
inline int __popcll(unsigned long long x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return std::countl_zero(static_cast<unsigned long long>(x)); }
/// The position of the lowest set bit, counted from 1; 0 if there is none.
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned __brev(unsigned x) {
  unsigned reversed = 0;
  for (int i = 0; i < 32; ++i) reversed |= ((x >> i) & 1u) << (31 - i);
  return reversed;
}
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>((static_cast<std::uint64_t>(a) * b) >> 32);
}
inline int __mulhi(int a, int b) { return static_cast<int>((static_cast<std::int64_t>(a) * b) >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>((static_cast<unsigned __int128>(a) * b) >> 64);
}
/// Four bytes chosen from the eight of (low, high) by the nibbles of the selector; bit 3 of a nibble spreads the sign.
inline unsigned __byte_perm(unsigned low, unsigned high, unsigned selector) {
  const std::uint64_t bytes = (static_cast<std::uint64_t>(high) << 32) | low;
  unsigned chosen = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned nibble = (selector >> (4 * i)) & 0xfu;
    auto byte = static_cast<unsigned>(bytes >> (8 * (nibble & 7u))) & 0xffu;
    if (nibble & 8u) byte = (byte & 0x80u) ? 0xffu : 0u;
    chosen |= byte << (8 * i);
  }
  return chosen;
}

// CUDA's global min and max. Mixed signs give unsigned, as there; for floating point a NaN loses.
#define LOCKSTEP_MINIMUM_AND_MAXIMUM(result, left, right)                                                     \
  constexpr result min(left a, right b) {                                                                     \
    return static_cast<result>(a) < static_cast<result>(b) ? static_cast<result>(a) : static_cast<result>(b); \
  }                                                                                                           \
  constexpr result max(left a, right b) {                                                                     \
    return static_cast<result>(a) < static_cast<result>(b) ? static_cast<result>(b) : static_cast<result>(a); \
  }
LOCKSTEP_MINIMUM_AND_MAXIMUM(int, int, int)
LOCKSTEP_MINIMUM_AND_MAXIMUM(unsigned, unsigned, unsigned)
LOCKSTEP_MINIMUM_AND_MAXIMUM(unsigned, int, unsigned)
LOCKSTEP_MINIMUM_AND_MAXIMUM(unsigned, unsigned, int)
LOCKSTEP_MINIMUM_AND_MAXIMUM(long, long, long)
LOCKSTEP_MINIMUM_AND_MAXIMUM(unsigned long, unsigned long, unsigned long)
LOCKSTEP_MINIMUM_AND_MAXIMUM(unsigned long, long, unsigned long)
LOCKSTEP_MINIMUM_AND_MAXIMUM(unsigned long, unsigned long, long)
LOCKSTEP_MINIMUM_AND_MAXIMUM(long long, long long, long long)
LOCKSTEP_MINIMUM_AND_MAXIMUM(unsigned long long, unsigned long long, unsigned long long)
LOCKSTEP_MINIMUM_AND_MAXIMUM(unsigned long long, long long, unsigned long long)
LOCKSTEP_MINIMUM_AND_MAXIMUM(unsigned long long, unsigned long long, long long)
#undef LOCKSTEP_MINIMUM_AND_MAXIMUM
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

}  // namespace lockstep::simt::dialect
