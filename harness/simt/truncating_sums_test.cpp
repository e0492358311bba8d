// SPDX-License-Identifier: Apache-2.0
// Against the model of truncating_sums.hpp written a second time: one element after another, from the bits of the formats,
// in plain 64-bit integers.
#include "harness/simt/truncating_sums.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>
#include <vector>

#include "harness/simt/port.cuh"

namespace lockstep::emulated {
namespace {

using simt::MatrixUnits;

/// A binary format of the units' inputs, by its widths.
struct Format {
  const char* name;
  int exponent_bits, fraction_bits, depth;
  bool is_half() const { return exponent_bits + fraction_bits == 15; }
};
constexpr Format kHalf{"f16", 5, 10, 16}, kBfloat16{"bf16", 8, 7, 16}, kTf32{"tf32", 8, 10, 8};

enum class Class { finite, infinite, nan };

struct Number {
  Class kind;
  bool negative;
  std::int64_t significand;
  int exponent;  // value = significand 2^exponent
};

Number decode(std::uint32_t bits, int exponent_bits, int fraction_bits) {
  const std::uint32_t fraction = bits & ((1u << fraction_bits) - 1);
  const std::uint32_t field = bits >> fraction_bits & ((1u << exponent_bits) - 1);
  const bool negative = (bits >> (exponent_bits + fraction_bits) & 1u) != 0;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (field == (1u << exponent_bits) - 1) return {fraction != 0 ? Class::nan : Class::infinite, negative, 0, 0};
  if (field == 0) return {Class::finite, negative, fraction, 1 - bias - fraction_bits};
  return {Class::finite, negative, fraction | 1u << fraction_bits, static_cast<int>(field) - bias - fraction_bits};
}

std::uint32_t encode_towards_zero(bool negative, std::int64_t magnitude, int exponent) {
  const std::uint32_t sign = negative ? 0x80000000u : 0;
  if (magnitude == 0) return 0;
  while (magnitude >= std::int64_t{1} << 24 || exponent < -149) {
    magnitude >>= 1;
    ++exponent;
  }
  while (magnitude < std::int64_t{1} << 23 && exponent > -149) {
    magnitude <<= 1;
    --exponent;
  }
  if (magnitude < std::int64_t{1} << 23) return sign | static_cast<std::uint32_t>(magnitude);
  const int field = exponent + 23 + 127;
  if (field >= 255) return sign | 0x7f800000u;
  return sign | static_cast<std::uint32_t>(field) << 23 | (static_cast<std::uint32_t>(magnitude) & 0x7fffffu);
}

/// d + the sum of the products of one step.
std::uint32_t step(const Format& format, const std::uint32_t* a, const std::uint32_t* b, int count, std::uint32_t d,
                   int kept_bits) {
  struct Term {
    Number number;
    int place;  // exponent of the leading bit, as the units see it: of the factors' leading bits together
  };
  std::vector<Term> terms;
  bool nan = false, positive_infinity = false, negative_infinity = false;
  const auto infinite = [&](bool negative) { (negative ? negative_infinity : positive_infinity) = true; };
  const Number start = decode(d, 8, 23);
  if (start.kind == Class::nan) nan = true;
  if (start.kind == Class::infinite) infinite(start.negative);
  terms.push_back({start, start.exponent + 23});
  for (int k = 0; k < count; ++k) {
    const Number x = decode(a[k], format.exponent_bits, format.fraction_bits);
    const Number y = decode(b[k], format.exponent_bits, format.fraction_bits);
    const bool negative = x.negative != y.negative;
    const auto is_zero = [](const Number& n) { return n.kind == Class::finite && n.significand == 0; };
    if (x.kind == Class::nan || y.kind == Class::nan) {
      nan = true;
    } else if (x.kind == Class::infinite || y.kind == Class::infinite) {
      if (is_zero(x) || is_zero(y)) nan = true;
      infinite(negative);
    } else if (!is_zero(x) && !is_zero(y)) {
      terms.push_back({{Class::finite, negative, x.significand * y.significand, x.exponent + y.exponent},
                       x.exponent + y.exponent + 2 * format.fraction_bits});
    }
  }
  if (nan || (positive_infinity && negative_infinity)) return 0x7fffffffu;
  if (positive_infinity) return 0x7f800000u;
  if (negative_infinity) return 0xff800000u;
  int largest = terms[0].place;
  for (const Term& term : terms) largest = std::max(largest, term.place);
  const int unit = largest - kept_bits;  // of the kept numbers' last bit
  std::int64_t total = 0;
  for (const Term& term : terms) {
    const int shift = term.number.exponent - unit;
    std::int64_t kept = term.number.significand;
    if (shift >= 0) {
      kept <<= shift;
    } else {
      kept = shift < -62 ? 0 : kept >> -shift;
    }
    total += term.number.negative ? -kept : kept;
  }
  return encode_towards_zero(total < 0, total < 0 ? -total : total, unit);
}

std::uint32_t reference_element(const Format& format, const std::uint32_t* a, const std::uint32_t* b, std::uint32_t d,
                                MatrixUnits units) {
  const bool tf32 = !format.is_half();
  const int products = (units == MatrixUnits::hopper ? 16 : 8) / (tf32 ? 2 : 1);
  const int bits = units == MatrixUnits::hopper ? 25 : 24;
  for (int k = 0; k < format.depth; k += products) d = step(format, a + k, b + k, products, d, bits);
  return d;
}

template <class Element>
__global__ void multiply_words(const unsigned* a, const unsigned* b, float* d) {
  const unsigned lane = threadIdx.x;
  float sums[4];
  for (unsigned i = 0; i < 4; ++i) sums[i] = d[lane * 4 + i];
  const unsigned words_a[4] = {a[lane * 4], a[lane * 4 + 1], a[lane * 4 + 2], a[lane * 4 + 3]};
  const unsigned words_b[2] = {b[lane * 2], b[lane * 2 + 1]};
  if constexpr (std::is_same_v<Element, float>) {
    multiply_m16n8k8_tf32(sums, words_a, words_b);
  } else {
    multiply_m16n8k16<Element>(sums, words_a, words_b);
  }
  for (unsigned i = 0; i < 4; ++i) d[lane * 4 + i] = sums[i];
}

/// The factors of one instruction, bits by row and column, and what it made of them.
struct Tile {
  std::vector<std::uint32_t> a, b, d, result;  // [16][depth], [8][depth], [16][8], [16][8]
};

/// Packs the bits into registers as the PTX manual lays them out, runs the instruction, and unpacks d.
void run(const Format& format, Tile& tile) {
  std::vector<unsigned> words_a(32 * 4), words_b(32 * 2);
  std::vector<float> words_d(32 * 4);
  const auto depth = static_cast<unsigned>(format.depth);
  for (unsigned lane = 0; lane < 32; ++lane) {
    const unsigned group = lane / 4, in_group = lane % 4;
    for (unsigned i = 0; i < 4; ++i) {
      const std::uint32_t* const row = &tile.a[(group + i % 2 * 8) * depth];
      words_a[lane * 4 + i] = format.is_half() ? row[in_group * 2 + i / 2 * 8] | row[in_group * 2 + i / 2 * 8 + 1] << 16
                                               : row[in_group + i / 2 * 4] << 13;
      words_d[lane * 4 + i] = std::bit_cast<float>(tile.d[(group + i / 2 * 8) * 8 + in_group * 2 + i % 2]);
    }
    for (unsigned i = 0; i < 2; ++i) {
      const std::uint32_t* const column = &tile.b[group * depth];
      words_b[lane * 2 + i] = format.is_half() ? column[in_group * 2 + i * 8] | column[in_group * 2 + i * 8 + 1] << 16
                                               : column[in_group + i * 4] << 13;
    }
  }
  auto* const kernel = !format.is_half()           ? multiply_words<float>
                       : format.exponent_bits == 5 ? multiply_words<__half>
                                                   : multiply_words<__nv_bfloat16>;
  launch(kernel, {1, 32}, nullptr, words_a.data(), words_b.data(), words_d.data());
  tile.result.resize(16 * 8);
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < 4; ++i)
      tile.result[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] =
          std::bit_cast<std::uint32_t>(words_d[lane * 4 + i]);
}

/// Makes numbers of a format, and accumulators, of one kind.
struct Source {
  const char* name;
  std::uint32_t (*factor)(std::mt19937&, const Format&);
  std::uint32_t (*accumulator)(std::mt19937&);
};

std::uint32_t with_exponent(std::mt19937& random, const Format& format, int lowest, int highest) {
  const int bias = (1 << (format.exponent_bits - 1)) - 1, most = (1 << format.exponent_bits) - 2;
  const int field = std::clamp(std::uniform_int_distribution<int>(lowest, highest)(random) + bias, 0, most);
  const auto rest = static_cast<std::uint32_t>(random());
  return (rest >> 31) << (format.exponent_bits + format.fraction_bits) |
         static_cast<std::uint32_t>(field) << format.fraction_bits | (rest & ((1u << format.fraction_bits) - 1));
}
std::uint32_t float_with_exponent(std::mt19937& random, int lowest, int highest) {
  return with_exponent(random, {"f32", 8, 23, 0}, lowest, highest);
}
std::uint32_t any_bits(std::mt19937& random, const Format& format) {
  return static_cast<std::uint32_t>(random()) & ((1u << (1 + format.exponent_bits + format.fraction_bits)) - 1);
}

const std::vector<Source>& sources() {
  static const std::vector<Source> all{
      {"near one", [](std::mt19937& r, const Format& f) { return with_exponent(r, f, -2, 1); },
       [](std::mt19937& r) { return float_with_exponent(r, -2, 3); }},
      {"cancelling",  // few bits and both signs: most sums lose their leading bits, many are zero
       [](std::mt19937& r, const Format& f) {
         const std::uint32_t bits = with_exponent(r, f, 0, 0);
         return bits & ~((1u << (f.fraction_bits - 1)) - 1);
       },
       [](std::mt19937& r) { return float_with_exponent(r, 0, 1) & 0xffc00000u; }},
      {"wide exponents", [](std::mt19937& r, const Format& f) { return with_exponent(r, f, -30, 30); },
       [](std::mt19937& r) { return float_with_exponent(r, -40, 40); }},
      {"subnormal", [](std::mt19937& r, const Format& f) { return with_exponent(r, f, -128, f.is_half() ? -10 : -60); },
       [](std::mt19937& r) { return float_with_exponent(r, -130, -120); }},
      {"products that underflow", [](std::mt19937& r, const Format& f) { return with_exponent(r, f, -80, -50); },
       [](std::mt19937& r) { return r() % 2 == 0 ? 0u : float_with_exponent(r, -150, -126); }},
      {"overflowing", [](std::mt19937& r, const Format& f) { return with_exponent(r, f, 55, 66); },
       [](std::mt19937& r) { return float_with_exponent(r, 124, 127); }},
      {"any bits, infinities and NaNs among them", any_bits,
       [](std::mt19937& r) { return static_cast<std::uint32_t>(r()); }},
      {"infinities beside ones",
       [](std::mt19937& r, const Format& f) {
         const std::uint32_t infinity = ((1u << f.exponent_bits) - 1) << f.fraction_bits;
         const std::uint32_t sign = r() % 2 == 0 ? 0u : 1u << (f.exponent_bits + f.fraction_bits);
         return r() % 40 == 0 ? infinity | sign : with_exponent(r, f, 0, 0);
       },
       [](std::mt19937& r) { return r() % 40 == 0 ? 0xff800000u : float_with_exponent(r, 0, 0); }}};
  return all;
}

TEST(TruncatingSums, BitForBitThoseOfPlainIntegers) {
  std::mt19937 random(1);
  for (MatrixUnits units : {MatrixUnits::ampere, MatrixUnits::hopper})
    for (const Format& format : {kHalf, kBfloat16, kTf32})
      for (const Source& source : sources()) {
        SCOPED_TRACE(std::string(format.name) + ", " + source.name);
        const simt::MatrixUnitsScope scope(units);
        const auto depth = static_cast<std::size_t>(format.depth);
        for (int repeat = 0; repeat < 20; ++repeat) {
          Tile tile;
          tile.a.resize(16 * depth);
          tile.b.resize(8 * depth);
          tile.d.resize(16 * 8);
          for (std::uint32_t& bits : tile.a) bits = source.factor(random, format);
          for (std::uint32_t& bits : tile.b) bits = source.factor(random, format);
          for (std::uint32_t& bits : tile.d) bits = source.accumulator(random);
          run(format, tile);
          for (std::size_t i = 0; i < 16 * 8; ++i)
            ASSERT_EQ(tile.result[i],
                      reference_element(format, &tile.a[i / 8 * depth], &tile.b[i % 8 * depth], tile.d[i], units))
                << "row " << i / 8 << ", column " << i % 8;
        }
      }
}

/// One product of 1 beside terms too small to be kept: what is lost tells the generations apart.
TEST(TruncatingSums, LosesWhatLiesBelowTheKeptBits) {
  const auto sum_beside_one = [](MatrixUnits units, std::uint32_t small) {
    const simt::MatrixUnitsScope scope(units);
    Tile tile;
    tile.a.assign(16 * 16, small);
    tile.b.assign(8 * 16, 0x3f80u);  // 1 in bf16
    tile.d.assign(16 * 8, 0);
    for (std::size_t row = 0; row < 16; ++row) tile.a[row * 16] = 0x3f80u;
    run(kBfloat16, tile);
    return std::bit_cast<float>(tile.result[0]);
  };
  const auto power = [](int exponent) { return static_cast<std::uint32_t>(exponent + 127) << 7; };
  // Of 2^-24 Ampere adds seven in its first step, 3.5 units of float of which 3 stay, and eight in its second, 4 units;
  // Hopper adds all fifteen at once, 7.5 units of which 7 stay. Of 2^-25 Ampere keeps nothing beside 1.
  EXPECT_EQ(sum_beside_one(MatrixUnits::ampere, power(-24)), 1 + 7 * 0x1p-23f);
  EXPECT_EQ(sum_beside_one(MatrixUnits::hopper, power(-24)), 1 + 7 * 0x1p-23f);
  EXPECT_EQ(sum_beside_one(MatrixUnits::ampere, power(-25)), 1);
  EXPECT_EQ(sum_beside_one(MatrixUnits::hopper, power(-25)), 1 + 3 * 0x1p-23f);
  EXPECT_EQ(sum_beside_one(MatrixUnits::hopper, power(-26)), 1);
}

TEST(TruncatingSums, TruncatesTowardsZeroOnBothSides) {
  for (std::uint32_t sign : {0u, 0x8000u}) {
    Tile tile;
    tile.a.assign(16 * 16, 0);
    tile.b.assign(8 * 16, 0x3f80u);
    tile.d.assign(16 * 8, std::bit_cast<std::uint32_t>(0x1.fffffep-24f) | sign << 16);
    for (std::size_t row = 0; row < 16; ++row) tile.a[row * 16] = 0x3f80u | sign;
    run(kBfloat16, tile);
    EXPECT_EQ(std::bit_cast<float>(tile.result[0]), sign != 0 ? -1.0f : 1.0f);
  }
}

}  // namespace
}  // namespace lockstep::emulated
