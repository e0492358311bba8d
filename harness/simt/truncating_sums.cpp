// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/truncating_sums.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace lockstep::simt {
namespace {

std::atomic<MatrixUnits> units_of_all_threads{MatrixUnits::ampere};

constexpr int kColumns = TileFactors::kColumns;
constexpr int kLowestFloatExponent = -126;
constexpr int kExponentOfZero = -100000;  // below every other, so that a zero aligns nothing

/// Eight numbers at once: the eight columns of a row, or half a row of a.
using Eight = int __attribute__((vector_size(32)));
using EightFloats = float __attribute__((vector_size(32)));
using EightLongs = std::int64_t __attribute__((vector_size(64)));
using EightDoubles = double __attribute__((vector_size(64)));

struct EightParts {
  Eight significand, exponent;
};

template <class Mask>
bool any(const Mask& mask) {
  std::uint64_t words[sizeof(Mask) / 8], all = 0;
  std::memcpy(words, &mask, sizeof(mask));
  for (std::uint64_t word : words) all |= word;
  return all != 0;
}

/// Sets value = significand 2^(exponent - kFraction), the exponent no lower than `lowest`; says whether some are infinite
/// or no numbers.
template <int kFraction>
bool take_apart(const float* from, int lowest, EightParts& parts) {
  Eight bits;
  std::memcpy(&bits, from, sizeof(bits));
  const Eight field = bits >> 23 & 0xff, sign = bits >> 31;
  const Eight exponent = (field > 1 ? field : Eight{} + 1) - 127;
  const Eight below = exponent < lowest ? lowest - exponent : Eight{};
  const Eight place = below + (23 - kFraction);
  const Eight magnitude = ((bits & 0x7fffff) | ((field != 0) & 0x800000)) >> (place < 31 ? place : Eight{} + 31);
  parts.significand = (magnitude ^ sign) - sign;
  parts.exponent = exponent + below;
  return any(field == 255);
}

/// Takes apart eight factors; a zero's exponent is below every other, so that it aligns nothing.
bool take_factors_apart(const float* from, int lowest, int* significands, int* exponents) {
  EightParts parts;
  const bool special = take_apart<10>(from, lowest, parts);
  parts.exponent = parts.significand == 0 ? Eight{} + kExponentOfZero : parts.exponent;
  std::memcpy(significands, &parts.significand, sizeof(Eight));
  std::memcpy(exponents, &parts.exponent, sizeof(Eight));
  return special;
}

/// Makes of significands with their binary point behind `point` bits, aligned `distance` places below the largest term,
/// what is kept: cut off, towards zero, behind `fraction_bits`.
struct Aligner {
  int point, fraction_bits;
  void add(const Eight& significand, const Eight& distance, Eight& sum) const {
    const Eight sign = significand >> 31;
    const Eight magnitude = (significand ^ sign) - sign;
    const Eight kept = (magnitude << (fraction_bits - point)) >> (distance < 31 ? distance : Eight{} + 31);
    sum += (kept ^ sign) - sign;
  }
};

/// d = (first + second) 2^(exponent - fraction_bits), cut to float.
void cut_to_float(const Eight& first, const Eight& second, const Eight& exponent, int fraction_bits, float* d) {
  const EightDoubles total =
      __builtin_convertvector(first, EightDoubles) + __builtin_convertvector(second, EightDoubles);
  EightLongs bits;
  std::memcpy(&bits, &total, sizeof(bits));
  bits &= ~((std::int64_t{1} << 29) - 1);  // 24 bits remain of the 53
  EightDoubles cut, scale;
  std::memcpy(&cut, &bits, sizeof(cut));
  const EightLongs scale_bits = __builtin_convertvector(exponent - fraction_bits + 1023, EightLongs) << 52;
  std::memcpy(&scale, &scale_bits, sizeof(scale));
  const EightDoubles value = cut * scale;  // exact, the sums being below 2^32
  const EightFloats rounded = __builtin_convertvector(value, EightFloats);
  std::memcpy(d, &rounded, sizeof(rounded));
  std::memcpy(&bits, &value, sizeof(bits));
  const EightLongs magnitude = bits & ~(std::int64_t{1} << 63);
  if (any((magnitude < (std::int64_t{1023 - 126} << 52)) & (magnitude != 0)))  // subnormal: fewer bits remain
    for (int i = 0; i < kColumns; ++i)
      if (std::abs(value[i]) < 0x1p-126) d[i] = static_cast<float>(std::trunc(value[i] * 0x1p149) * 0x1p-149);
}

}  // namespace

TruncatingSum sum_of_half_products(MatrixUnits units) {
  return units == MatrixUnits::hopper ? TruncatingSum{16, 25} : TruncatingSum{8, 24};
}

TruncatingSum sum_of_tf32_products(MatrixUnits units) {
  return units == MatrixUnits::hopper ? TruncatingSum{8, 25} : TruncatingSum{4, 24};
}

MatrixUnits current_matrix_units() { return units_of_all_threads.load(std::memory_order_relaxed); }

MatrixUnitsScope::MatrixUnitsScope(MatrixUnits units) : previous_(units_of_all_threads.exchange(units)) {}

MatrixUnitsScope::~MatrixUnitsScope() { units_of_all_threads.store(previous_); }

void TileFactors::decode(int depth, int lowest_exponent) {
  depth_ = depth;
  has_special_ = false;
  for (int row = 0; row < kRows; ++row)
    for (int k = 0; k < depth; k += kColumns)
      has_special_ |= take_factors_apart(&a[row][k], lowest_exponent, &a_significand_[row][k], &a_exponent_[row][k]);
  for (int k = 0; k < depth; ++k)
    has_special_ |= take_factors_apart(b[k], lowest_exponent, b_significand_[k], b_exponent_[k]);
}

void TileFactors::multiply_row(int row, float (&d)[kColumns], const TruncatingSum& sum) const {
  const Aligner products{.point = 20, .fraction_bits = sum.fraction_bits};
  const Aligner start{.point = 23, .fraction_bits = sum.fraction_bits};
  for (int first = 0; first < depth_; first += sum.products) {
    const int last = std::min(first + sum.products, depth_);
    EightParts accumulator;
    const bool special = take_apart<23>(d, kLowestFloatExponent, accumulator) || has_special_;
    float before[kColumns];
    std::memcpy(before, d, sizeof(before));

    Eight exponents[kMostDepth], largest = accumulator.exponent;
    for (int k = first; k < last; ++k) {
      std::memcpy(&exponents[k], b_exponent_[k], sizeof(Eight));
      exponents[k] += a_exponent_[row][k];
      largest = largest > exponents[k] ? largest : exponents[k];
    }
    // Two sums, so that sixteen products of 27 bits stay inside 32.
    Eight sums[2] = {};
    start.add(accumulator.significand, largest - accumulator.exponent, sums[0]);
    for (int k = first; k < last; ++k) {
      Eight product;
      std::memcpy(&product, b_significand_[k], sizeof(product));
      product *= a_significand_[row][k];
      products.add(product, largest - exponents[k], sums[k % 2]);
    }
    cut_to_float(sums[0], sums[1], largest, sum.fraction_bits, d);
    if (special) add_special_products(row, first, last, before, d);
  }
}

/// Overwrites the elements that meet infinities or NaNs, for which ordinary arithmetic has the answer.
void TileFactors::add_special_products(int row, int first, int last, const float (&before)[kColumns],
                                       float (&d)[kColumns]) const {
  for (int column = 0; column < kColumns; ++column) {
    bool special = !std::isfinite(before[column]);
    double total = before[column];
    for (int k = first; k < last; ++k) {
      special |= !std::isfinite(a[row][k]) || !std::isfinite(b[k][column]);
      total += static_cast<double>(a[row][k]) * static_cast<double>(b[k][column]);
    }
    if (!special) continue;
    d[column] = std::isnan(total) ? std::bit_cast<float>(0x7fffffffu) : static_cast<float>(total);
  }
}

}  // namespace lockstep::simt
