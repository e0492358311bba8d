// SPDX-License-Identifier: Apache-2.0
#include "suites/collectives/exact_data.hpp"

#include <algorithm>
#include <cmath>

#include "harness/data/random.hpp"

namespace lockstep {
namespace {

/// Bits of the significand, the hidden one included; for i64 as many as doubles, in which answers are worked out, hold.
int significand_bits(DType dtype) {
  switch (dtype) {
    case DType::f64: return 53;
    case DType::f32: return 24;
    case DType::f16: return 11;
    case DType::bf16: return 8;
    case DType::i64: return 53;
    case DType::u8: return 8;
  }
  return 0;
}

}  // namespace

double exact_value(std::uint64_t seed, int rank, int ranks, std::int64_t element, DType dtype) {
  const std::uint64_t of_element = mix64(seed ^ mix64(static_cast<std::uint64_t>(element)));
  const std::uint64_t draw = mix64(of_element + static_cast<std::uint64_t>(rank) + 1);
  // |multiple| <= 2^bits / ranks, so no partial sum of magnitudes exceeds 2^bits.
  const std::int64_t largest = (std::int64_t{1} << significand_bits(dtype)) / ranks;
  const auto half = static_cast<std::int64_t>((draw >> 1) % static_cast<std::uint64_t>(largest / 2));
  const std::int64_t multiple = 2 * half + (rank == 0 ? 1 : 2);
  if (dtype == DType::u8) return static_cast<double>(multiple & 0xff);
  const double signed_multiple = static_cast<double>((draw & 1) ? -multiple : multiple);
  if (dtype == DType::i64) return signed_multiple;
  // One unit for all ranks of an element, such that f16 neither overflows nor leaves its normal numbers.
  const int exponent = static_cast<int>(of_element % 13) - 8;
  return std::ldexp(signed_multiple, exponent);
}

double exact_reduction(Reduction reduction, std::uint64_t seed, int ranks, std::int64_t element, DType dtype) {
  double result = exact_value(seed, 0, ranks, element, dtype);
  for (int rank = 1; rank < ranks; ++rank) {
    const double value = exact_value(seed, rank, ranks, element, dtype);
    switch (reduction) {
      case Reduction::sum: result += value; break;
      case Reduction::max: result = std::max(result, value); break;
      case Reduction::min: result = std::min(result, value); break;
    }
  }
  return result;
}

void store_exact(void* data, std::int64_t index, DType dtype, double value) {
  switch (dtype) {
    case DType::f64: static_cast<double*>(data)[index] = value; return;
    case DType::f32: static_cast<float*>(data)[index] = static_cast<float>(value); return;
    case DType::f16: static_cast<Float16*>(data)[index] = Float16::from(value); return;
    case DType::bf16: static_cast<BFloat16*>(data)[index] = BFloat16::from(value); return;
    case DType::i64: static_cast<std::int64_t*>(data)[index] = static_cast<std::int64_t>(value); return;
    case DType::u8: static_cast<std::uint8_t*>(data)[index] = static_cast<std::uint8_t>(value); return;
  }
}

double load_exact(const void* data, std::int64_t index, DType dtype) {
  switch (dtype) {
    case DType::f64: return static_cast<const double*>(data)[index];
    case DType::f32: return static_cast<const float*>(data)[index];
    case DType::f16: return to_double(static_cast<const Float16*>(data)[index]);
    case DType::bf16: return to_double(static_cast<const BFloat16*>(data)[index]);
    case DType::i64: return static_cast<double>(static_cast<const std::int64_t*>(data)[index]);
    case DType::u8: return static_cast<const std::uint8_t*>(data)[index];
  }
  return 0;
}

}  // namespace lockstep
