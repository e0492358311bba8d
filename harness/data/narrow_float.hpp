// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace lockstep {

/// Rounds a double to a binary format of `kMantissaBits` stored bits and `kExponentBits` exponent bits, ties to even, in
/// ONE rounding: going through float first would round twice and be wrong by one unit in rare cases.
template <int kExponentBits, int kMantissaBits>
constexpr std::uint16_t round_to_narrow_bits(double value) {
  static_assert(1 + kExponentBits + kMantissaBits == 16);
  constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  constexpr std::uint64_t kInfinityBits = ((1u << kExponentBits) - 1u) << kMantissaBits;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 63) << 15);
  const int exponent_field = static_cast<int>((bits >> 52) & 0x7ff);
  const std::uint64_t fraction = bits & 0xfffffffffffffull;
  if (exponent_field == 0x7ff)  // infinity, or NaN kept quiet
    return static_cast<std::uint16_t>(sign | kInfinityBits | (fraction ? (1u << (kMantissaBits - 1)) : 0u));
  const int exponent = exponent_field - 1023;
  if (exponent < -kBias - kMantissaBits - 1 || exponent_field == 0) return sign;  // below half the smallest subnormal
  const std::uint64_t significand = (1ull << 52) | fraction;
  // A subnormal result keeps fewer bits of the significand.
  const int subnormal_shift = exponent < 1 - kBias ? (1 - kBias) - exponent : 0;
  const int dropped = 52 - kMantissaBits + subnormal_shift;
  const std::uint64_t kept = significand >> dropped;
  const std::uint64_t remainder = significand & ((1ull << dropped) - 1), half = 1ull << (dropped - 1);
  const std::uint64_t rounded = kept + ((remainder > half || (remainder == half && (kept & 1))) ? 1 : 0);
  // For a normal number the hidden bit of `rounded` adds one to the exponent field, hence the -1.
  const std::uint64_t base =
      subnormal_shift > 0 ? 0 : static_cast<std::uint64_t>(exponent + kBias - 1) << kMantissaBits;
  const std::uint64_t result = base + rounded;
  return static_cast<std::uint16_t>(sign | (result > kInfinityBits ? kInfinityBits : result));
}

/// IEEE binary16 as storage: 1 sign, 5 exponent, 10 mantissa bits.
struct Float16 {
  std::uint16_t bits = 0;
  static constexpr Float16 from(double value) { return {round_to_narrow_bits<5, 10>(value)}; }
};

/// bfloat16 as storage: the upper half of a float.
struct BFloat16 {
  std::uint16_t bits = 0;
  static constexpr BFloat16 from(double value) { return {round_to_narrow_bits<8, 7>(value)}; }
};

constexpr float to_float(BFloat16 value) { return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16); }

constexpr float to_float(Float16 value) {
  const std::uint32_t sign = static_cast<std::uint32_t>(value.bits & 0x8000u) << 16;
  const std::uint32_t exponent = (value.bits >> 10) & 0x1fu, mantissa = value.bits & 0x3ffu;
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24, exact in float
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
  }
  const std::uint32_t wide = exponent == 31 ? 0xffu : exponent + 112u;
  return std::bit_cast<float>(sign | (wide << 23) | (mantissa << 13));
}

constexpr double to_double(Float16 value) { return to_float(value); }
constexpr double to_double(BFloat16 value) { return to_float(value); }

}  // namespace lockstep
