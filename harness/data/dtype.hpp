// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lockstep {

/// Element types of tensors: f64, f32, f16 (IEEE binary16), bf16 (bfloat16), i64 (indices, counters), u8 (masks).
enum class DType : std::uint8_t { f64, f32, f16, bf16, i64, u8 };

std::size_t size_in_bytes(DType dtype);
std::string_view name_of(DType dtype);
/// Throws Error naming the accepted names.
DType parse_dtype(std::string_view name);
bool is_floating(DType dtype);

/// Unit roundoff u of round-to-nearest in a floating dtype: half the distance from 1 to the next number (f32: 2^-24).
/// 0 for integer types, whose results are exact.
double unit_roundoff(DType dtype);
/// Half the smallest subnormal: the absolute error of rounding a number that underflows.
double underflow_error(DType dtype);
/// The largest finite value.
double largest_finite(DType dtype);

/// Nearest number of `dtype` (ties to even, overflow to infinity), computed in one rounding from the double.
/// Integer types: nearest integer, ties to even.
double round_to(DType dtype, double value);

}  // namespace lockstep
