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

/// Eight columns at once.
using Eight = int __attribute__((vector_size(32)));

Eight larger(Eight a, Eight b) { return a > b ? a : b; }
Eight smaller(Eight a, Eight b) { return a < b ? a : b; }

Eight load_eight(const int* from) {
  Eight values;
  std::memcpy(&values, from, sizeof(values));
  return values;
}

/// `significand` with its binary point behind `point` bits, aligned to `distance` binary places below the largest term
/// and cut off, towards zero, behind `fraction_bits`.
Eight aligned(Eight significand, Eight distance, int point, int fraction_bits) {
  const Eight sign = significand >> 31;
  const Eight magnitude = (significand ^ sign) - sign;
  const Eight kept = (magnitude << (fraction_bits - point)) >> smaller(distance, Eight{} + 31);
  return (kept ^ sign) - sign;
}

/// total 2^(exponent - fraction_bits) cut to float.
float cut_to_float(double total, int exponent, int fraction_bits) {
  // 24 bits remain of the 53; the scaling is exact, the sums being below 2^32.
  const double cut = std::bit_cast<double>(std::bit_cast<std::uint64_t>(total) & ~((std::uint64_t{1} << 29) - 1));
  double value = cut * std::bit_cast<double>(static_cast<std::uint64_t>(exponent - fraction_bits + 1023) << 52);
  if (std::abs(value) < 0x1p-126) value = std::trunc(value * 0x1p149) * 0x1p-149;
  return static_cast<float>(value);
}

struct Parts {
  int significand, exponent;
};

/// value = significand 2^(exponent - kFraction), the exponent no lower than `lowest`.
template <int kFraction>
Parts parts_of(float value, int lowest) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const int field = static_cast<int>(bits >> 23 & 0xffu), exponent = std::max(field, 1) - 127;
  const int magnitude = static_cast<int>(bits & 0x7fffffu) | (field != 0 ? 0x800000 : 0);
  const int place = std::min(23 - kFraction + std::max(lowest - exponent, 0), 31);
  const int significand = magnitude >> place;
  return {(bits >> 31) != 0 ? -significand : significand, std::max(exponent, lowest)};
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

void TileFactors::set_a(int row, int k, float value) {
  const Parts parts = parts_of<10>(value, lowest_exponent_);
  a_[row][k] = value;
  a_significand_[row][k] = parts.significand;
  a_exponent_[row][k] = parts.significand == 0 ? kExponentOfZero : parts.exponent;
  has_special_ |= !std::isfinite(value);
}

void TileFactors::set_b(int k, int column, float value) {
  const Parts parts = parts_of<10>(value, lowest_exponent_);
  b_[k][column] = value;
  b_significand_[k][column] = parts.significand;
  b_exponent_[k][column] = parts.significand == 0 ? kExponentOfZero : parts.exponent;
  has_special_ |= !std::isfinite(value);
}

void TileFactors::multiply_row(int row, float (&d)[kColumns], const TruncatingSum& sum) const {
  for (int first = 0; first < depth_; first += sum.products) {
    const int last = std::min(first + sum.products, depth_);
    int accumulator[kColumns], exponents[kColumns];
    bool special = has_special_;
    for (int column = 0; column < kColumns; ++column) {
      const Parts parts = parts_of<23>(d[column], kLowestFloatExponent);
      accumulator[column] = parts.significand;
      exponents[column] = parts.exponent;
      special |= !std::isfinite(d[column]);
    }
    float before[kColumns];
    std::memcpy(before, d, sizeof(before));

    const Eight own_exponent = load_eight(exponents);
    Eight largest = own_exponent;
    for (int k = first; k < last; ++k) largest = larger(largest, load_eight(b_exponent_[k]) + a_exponent_[row][k]);
    // Two sums, so that sixteen products of 27 bits stay inside 32.
    Eight sums[2] = {aligned(load_eight(accumulator), largest - own_exponent, 23, sum.fraction_bits), Eight{}};
    for (int k = first; k < last; ++k)
      sums[k % 2] += aligned(load_eight(b_significand_[k]) * a_significand_[row][k],
                             largest - (load_eight(b_exponent_[k]) + a_exponent_[row][k]), 20, sum.fraction_bits);
    for (int column = 0; column < kColumns; ++column)
      d[column] = cut_to_float(static_cast<double>(sums[0][column]) + static_cast<double>(sums[1][column]),
                               largest[column], sum.fraction_bits);
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
      special |= !std::isfinite(a_[row][k]) || !std::isfinite(b_[k][column]);
      total += static_cast<double>(a_[row][k]) * static_cast<double>(b_[k][column]);
    }
    if (!special) continue;
    d[column] = std::isnan(total) ? std::bit_cast<float>(0x7fffffffu) : static_cast<float>(total);
  }
}

}  // namespace lockstep::simt
