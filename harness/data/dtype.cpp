// SPDX-License-Identifier: Apache-2.0
#include "harness/data/dtype.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "harness/data/error.hpp"
#include "harness/data/narrow_float.hpp"
#include "harness/data/printable.hpp"

namespace lockstep {
namespace {

struct DTypeFacts {
  DType dtype;
  std::string_view name;
  std::size_t bytes;
  double unit_roundoff, underflow_error, largest;
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::array<DTypeFacts, 6> kFacts{{
    {DType::f64, "f64", 8, 0x1p-53, 0x1p-1074, std::numeric_limits<double>::max()},
    {DType::f32, "f32", 4, 0x1p-24, 0x1p-150, std::numeric_limits<float>::max()},
    {DType::f16, "f16", 2, 0x1p-11, 0x1p-25, 65504.0},
    {DType::bf16, "bf16", 2, 0x1p-8, 0x1p-134, 0x1.fep127},
    {DType::i64, "i64", 8, 0.0, 0.0, kInfinity},
    {DType::u8, "u8", 1, 0.0, 0.0, 255.0},
}};

const DTypeFacts& facts(DType dtype) { return kFacts[static_cast<std::size_t>(dtype)]; }

}  // namespace

std::size_t size_in_bytes(DType dtype) { return facts(dtype).bytes; }
std::string_view name_of(DType dtype) { return facts(dtype).name; }
bool is_floating(DType dtype) { return dtype != DType::i64 && dtype != DType::u8; }
double unit_roundoff(DType dtype) { return facts(dtype).unit_roundoff; }
double underflow_error(DType dtype) { return facts(dtype).underflow_error; }
double largest_finite(DType dtype) { return facts(dtype).largest; }

DType parse_dtype(std::string_view name) {
  for (const DTypeFacts& fact : kFacts)
    if (fact.name == name) return fact.dtype;
  throw Error("unknown dtype " + in_quotes(name) + "; accepted: f64, f32, f16, bf16, i64, u8");
}

double round_to(DType dtype, double value) {
  switch (dtype) {
    case DType::f64: return value;
    case DType::f32: return static_cast<float>(value);
    case DType::f16: return to_double(Float16::from(value));
    case DType::bf16: return to_double(BFloat16::from(value));
    case DType::i64:
    case DType::u8: return std::nearbyint(value);
  }
  return value;
}

}  // namespace lockstep
