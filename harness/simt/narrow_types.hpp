// SPDX-License-Identifier: Apache-2.0
// __half and __nv_bfloat16 for the emulator: stored in 16 bits, computed in float, rounded once to nearest even. That
// is what the device's own instructions give for + - * / and fma (the double rounding through float is harmless for the
// four operations, because float has more than twice the bits; fma goes through double with care).
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "harness/simt/vector_types.hpp"

namespace lockstep::simt {

/// One binary format of 16 bits: how its bits are made from a float and read as one.
struct HalfFormat {
  static float widen(std::uint16_t bits) {
    const std::uint32_t sign = (bits & 0x8000u) << 16, magnitude = bits & 0x7fffu;
    if (magnitude >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
    // The bits shifted into place are 2^-112 times the value, and the product is exact for subnormals too.
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude << 13) * 0x1p112f));
  }
  static std::uint16_t narrow(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return 0x7fff;                                       // NaN: the device's only one
    if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // from 65520 on
    if (magnitude < 0x38800000u) {  // below 2^-14: adding 0.5 makes the float's own rounding act at the 24th bit
      const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
      return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
    }
    const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);  // ties go to the even neighbour
    return static_cast<std::uint16_t>(sign | ((rounded - (112u << 23)) >> 13));
  }
};

struct Bfloat16Format {
  static float widen(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
  static std::uint16_t narrow(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
    return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
  }
};

/// Rounds to float so that a further rounding to fewer bits comes out as if it were the only one: an inexact result
/// gets an odd last bit ("round to odd").
inline float round_to_odd(double value) {
  const auto nearest = static_cast<float>(value);
  const double error = value - nearest;
  auto bits = std::bit_cast<std::uint32_t>(nearest);
  if (error == 0 || value != value || (bits & 1u) != 0) return nearest;
  // The nearest is even and not exact: step to its odd neighbour on the other side of the value. Infinity (an overflow)
  // steps back to the largest finite number.
  bits += (error > 0) == (nearest > 0 || (nearest == 0 && value > 0)) ? 1u : ~std::uint32_t{0};
  return std::bit_cast<float>(nearest == 0 ? (value < 0 ? 0x80000001u : 1u) : bits);
}

/// a * b + c, rounded to odd in double. The product of two 16-bit formats is exact there.
inline double fused_to_odd(double a, double b, double c) {
  const double product = a * b, sum = product + c;
  const double from_c = sum - product;
  const double error = (product - (sum - from_c)) + (c - from_c);  // sum + error is the exact result
  const auto bits = std::bit_cast<std::uint64_t>(sum);
  if (error == 0 || error != error || (bits & 1u) != 0) return sum;
  return std::bit_cast<double>((error > 0) == (sum > 0) ? bits + 1 : bits - 1);
}

template <class Format>
class NarrowFloat {
 public:
  NarrowFloat() = default;
  NarrowFloat(float value) : bits_(Format::narrow(value)) {}
  NarrowFloat(double value) : bits_(Format::narrow(round_to_odd(value))) {}
  template <class Integer>
  requires std::is_integral_v<Integer> NarrowFloat(Integer value) : NarrowFloat(static_cast<double>(value)) {}
  operator float() const { return Format::widen(bits_); }

  static NarrowFloat from_bits(std::uint16_t bits) {
    NarrowFloat value;
    value.bits_ = bits;
    return value;
  }
  std::uint16_t bits() const { return bits_; }

  friend NarrowFloat operator+(NarrowFloat a, NarrowFloat b) { return float(a) + float(b); }
  friend NarrowFloat operator-(NarrowFloat a, NarrowFloat b) { return float(a) - float(b); }
  friend NarrowFloat operator*(NarrowFloat a, NarrowFloat b) { return float(a) * float(b); }
  friend NarrowFloat operator/(NarrowFloat a, NarrowFloat b) { return float(a) / float(b); }
  friend NarrowFloat& operator+=(NarrowFloat& a, NarrowFloat b) { return a = a + b; }
  friend NarrowFloat& operator-=(NarrowFloat& a, NarrowFloat b) { return a = a - b; }
  friend NarrowFloat& operator*=(NarrowFloat& a, NarrowFloat b) { return a = a * b; }
  friend NarrowFloat& operator/=(NarrowFloat& a, NarrowFloat b) { return a = a / b; }
  friend NarrowFloat operator+(NarrowFloat a) { return a; }
  friend NarrowFloat operator-(NarrowFloat a) { return from_bits(a.bits_ ^ 0x8000u); }
  friend bool operator==(NarrowFloat a, NarrowFloat b) { return float(a) == float(b); }
  friend bool operator!=(NarrowFloat a, NarrowFloat b) { return float(a) != float(b); }
  friend bool operator<(NarrowFloat a, NarrowFloat b) { return float(a) < float(b); }
  friend bool operator<=(NarrowFloat a, NarrowFloat b) { return float(a) <= float(b); }
  friend bool operator>(NarrowFloat a, NarrowFloat b) { return float(a) > float(b); }
  friend bool operator>=(NarrowFloat a, NarrowFloat b) { return float(a) >= float(b); }

 private:
  std::uint16_t bits_;
};

/// Two of them in one 32-bit register.
template <class Format>
struct alignas(4) NarrowPair {
  NarrowFloat<Format> x, y;
  NarrowPair() = default;
  NarrowPair(NarrowFloat<Format> low, NarrowFloat<Format> high) : x(low), y(high) {}

  friend NarrowPair operator+(NarrowPair a, NarrowPair b) { return {a.x + b.x, a.y + b.y}; }
  friend NarrowPair operator-(NarrowPair a, NarrowPair b) { return {a.x - b.x, a.y - b.y}; }
  friend NarrowPair operator*(NarrowPair a, NarrowPair b) { return {a.x * b.x, a.y * b.y}; }
  friend NarrowPair operator/(NarrowPair a, NarrowPair b) { return {a.x / b.x, a.y / b.y}; }
  friend NarrowPair& operator+=(NarrowPair& a, NarrowPair b) { return a = a + b; }
  friend NarrowPair& operator-=(NarrowPair& a, NarrowPair b) { return a = a - b; }
  friend NarrowPair& operator*=(NarrowPair& a, NarrowPair b) { return a = a * b; }
  friend NarrowPair& operator/=(NarrowPair& a, NarrowPair b) { return a = a / b; }
  friend NarrowPair operator-(NarrowPair a) { return {-a.x, -a.y}; }
  friend bool operator==(NarrowPair a, NarrowPair b) { return a.x == b.x && a.y == b.y; }
};

}  // namespace lockstep::simt

namespace lockstep::simt::dialect {

using __half = NarrowFloat<HalfFormat>;
using __half2 = NarrowPair<HalfFormat>;
using __nv_bfloat16 = NarrowFloat<Bfloat16Format>;
using __nv_bfloat162 = NarrowPair<Bfloat16Format>;
using half = __half;
using half2 = __half2;
using nv_bfloat16 = __nv_bfloat16;
using nv_bfloat162 = __nv_bfloat162;

// Conversions, named as CUDA names them for either type.
inline __half __float2half(float x) { return x; }
inline __half __float2half_rn(float x) { return x; }
inline __half __double2half(double x) { return x; }
inline float __half2float(__half x) { return x; }
inline __half __ushort_as_half(unsigned short bits) { return __half::from_bits(bits); }
inline __half __short_as_half(short bits) { return __half::from_bits(static_cast<std::uint16_t>(bits)); }
inline unsigned short __half_as_ushort(__half x) { return x.bits(); }
inline short __half_as_short(__half x) { return static_cast<short>(x.bits()); }
inline __half2 __halves2half2(__half low, __half high) { return {low, high}; }
inline __half2 __half2half2(__half x) { return {x, x}; }
inline __half2 __float2half2_rn(float x) { return {x, x}; }
inline __half2 __floats2half2_rn(float low, float high) { return {low, high}; }
inline __half2 __float22half2_rn(float2 x) { return {x.x, x.y}; }
inline float2 __half22float2(__half2 x) { return {x.x, x.y}; }
inline __half __low2half(__half2 x) { return x.x; }
inline __half __high2half(__half2 x) { return x.y; }

inline __nv_bfloat16 __float2bfloat16(float x) { return x; }
inline __nv_bfloat16 __float2bfloat16_rn(float x) { return x; }
inline __nv_bfloat16 __double2bfloat16(double x) { return x; }
inline float __bfloat162float(__nv_bfloat16 x) { return x; }
inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) { return __nv_bfloat16::from_bits(bits); }
inline __nv_bfloat16 __short_as_bfloat16(short bits) {
  return __nv_bfloat16::from_bits(static_cast<std::uint16_t>(bits));
}
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 x) { return x.bits(); }
inline short __bfloat16_as_short(__nv_bfloat16 x) { return static_cast<short>(x.bits()); }
inline __nv_bfloat162 __halves2bfloat162(__nv_bfloat16 low, __nv_bfloat16 high) { return {low, high}; }
inline __nv_bfloat162 __bfloat162bfloat162(__nv_bfloat16 x) { return {x, x}; }
inline __nv_bfloat162 __float2bfloat162_rn(float x) { return {x, x}; }
inline __nv_bfloat162 __floats2bfloat162_rn(float low, float high) { return {low, high}; }
inline __nv_bfloat162 __float22bfloat162_rn(float2 x) { return {x.x, x.y}; }
inline float2 __bfloat1622float2(__nv_bfloat162 x) { return {x.x, x.y}; }
inline __nv_bfloat16 __low2bfloat16(__nv_bfloat162 x) { return x.x; }
inline __nv_bfloat16 __high2bfloat16(__nv_bfloat162 x) { return x.y; }

// Arithmetic and comparisons, one name for both types.
#define LOCKSTEP_NARROW   \
  template <class Format> \
  inline
LOCKSTEP_NARROW NarrowFloat<Format> __hadd(NarrowFloat<Format> a, NarrowFloat<Format> b) { return a + b; }
LOCKSTEP_NARROW NarrowFloat<Format> __hsub(NarrowFloat<Format> a, NarrowFloat<Format> b) { return a - b; }
LOCKSTEP_NARROW NarrowFloat<Format> __hmul(NarrowFloat<Format> a, NarrowFloat<Format> b) { return a * b; }
LOCKSTEP_NARROW NarrowFloat<Format> __hdiv(NarrowFloat<Format> a, NarrowFloat<Format> b) { return a / b; }
LOCKSTEP_NARROW NarrowFloat<Format> __hfma(NarrowFloat<Format> a, NarrowFloat<Format> b, NarrowFloat<Format> c) {
  return fused_to_odd(float(a), float(b), float(c));
}
LOCKSTEP_NARROW NarrowFloat<Format> __hneg(NarrowFloat<Format> a) { return -a; }
LOCKSTEP_NARROW NarrowFloat<Format> __habs(NarrowFloat<Format> a) {
  return NarrowFloat<Format>::from_bits(a.bits() & 0x7fffu);
}
LOCKSTEP_NARROW bool __hisnan(NarrowFloat<Format> a) { return float(a) != float(a); }
// As the device's: a NaN loses against a number, and -0 is less than +0.
LOCKSTEP_NARROW NarrowFloat<Format> __hmax(NarrowFloat<Format> a, NarrowFloat<Format> b) {
  if (__hisnan(a)) return b;
  if (a == b) return NarrowFloat<Format>::from_bits(a.bits() & b.bits());
  return a < b ? b : a;
}
LOCKSTEP_NARROW NarrowFloat<Format> __hmin(NarrowFloat<Format> a, NarrowFloat<Format> b) {
  if (__hisnan(a)) return b;
  if (a == b) return NarrowFloat<Format>::from_bits(a.bits() | b.bits());
  return b < a ? b : a;
}
LOCKSTEP_NARROW bool __heq(NarrowFloat<Format> a, NarrowFloat<Format> b) { return a == b; }
LOCKSTEP_NARROW bool __hne(NarrowFloat<Format> a, NarrowFloat<Format> b) { return a < b || a > b; }
LOCKSTEP_NARROW bool __hlt(NarrowFloat<Format> a, NarrowFloat<Format> b) { return a < b; }
LOCKSTEP_NARROW bool __hle(NarrowFloat<Format> a, NarrowFloat<Format> b) { return a <= b; }
LOCKSTEP_NARROW bool __hgt(NarrowFloat<Format> a, NarrowFloat<Format> b) { return a > b; }
LOCKSTEP_NARROW bool __hge(NarrowFloat<Format> a, NarrowFloat<Format> b) { return a >= b; }
LOCKSTEP_NARROW NarrowPair<Format> __hadd2(NarrowPair<Format> a, NarrowPair<Format> b) { return a + b; }
LOCKSTEP_NARROW NarrowPair<Format> __hsub2(NarrowPair<Format> a, NarrowPair<Format> b) { return a - b; }
LOCKSTEP_NARROW NarrowPair<Format> __hmul2(NarrowPair<Format> a, NarrowPair<Format> b) { return a * b; }
LOCKSTEP_NARROW NarrowPair<Format> __h2div(NarrowPair<Format> a, NarrowPair<Format> b) { return a / b; }
LOCKSTEP_NARROW NarrowPair<Format> __hneg2(NarrowPair<Format> a) { return -a; }
LOCKSTEP_NARROW NarrowPair<Format> __habs2(NarrowPair<Format> a) { return {__habs(a.x), __habs(a.y)}; }
LOCKSTEP_NARROW NarrowPair<Format> __hmax2(NarrowPair<Format> a, NarrowPair<Format> b) {
  return {__hmax(a.x, b.x), __hmax(a.y, b.y)};
}
LOCKSTEP_NARROW NarrowPair<Format> __hmin2(NarrowPair<Format> a, NarrowPair<Format> b) {
  return {__hmin(a.x, b.x), __hmin(a.y, b.y)};
}
LOCKSTEP_NARROW NarrowPair<Format> __hfma2(NarrowPair<Format> a, NarrowPair<Format> b, NarrowPair<Format> c) {
  return {__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)};
}
LOCKSTEP_NARROW float __low2float(NarrowPair<Format> a) { return a.x; }
LOCKSTEP_NARROW float __high2float(NarrowPair<Format> a) { return a.y; }
#undef LOCKSTEP_NARROW

}  // namespace lockstep::simt::dialect
