// SPDX-License-Identifier: Apache-2.0
#include "harness/data/values.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "harness/data/error.hpp"
#include "harness/data/narrow_float.hpp"

namespace lockstep {
namespace {

bool is_row_major(const Shape& shape, const Strides& strides) { return strides == row_major_strides(shape); }

void store_row(const Values& values, std::int64_t first, std::int64_t count, void* data, std::int64_t step) {
  if (values.dtype() == DType::i64) {  // through a double they would lose what exceeds 2^53
    for (std::int64_t i = 0; i < count; ++i)
      std::memcpy(static_cast<char*>(data) + i * step * 8, values.integers() + first + i, 8);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) store_element(data, values.dtype(), i * step, values[first + i]);
}

std::uint16_t bfloat16_bits(float value) {  // exact: Values already holds a bfloat16
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
}

}  // namespace

Values::Values(DType dtype, Shape shape) : dtype_(dtype), shape_(std::move(shape)), count_(element_count(shape_)) {
  const auto size = static_cast<std::size_t>(count_);
  if (!is_floating(dtype))
    integers_.resize(size);
  else if (dtype == DType::f64)
    doubles_.resize(size);
  else
    floats_.resize(size);
}

void Values::set(std::int64_t index, double value) {
  if (!floats_.empty())
    floats_[static_cast<std::size_t>(index)] = static_cast<float>(round_to(dtype_, value));
  else if (!doubles_.empty())
    doubles_[static_cast<std::size_t>(index)] = value;
  else
    integers_[static_cast<std::size_t>(index)] = static_cast<std::int64_t>(std::nearbyint(value));
}

Values Values::rounded_to(DType dtype) const {
  Values result(dtype, shape_);
  for (std::int64_t i = 0; i < count_; ++i) result.set(i, (*this)[i]);
  return result;
}

Values Values::reshaped(Shape shape) const {
  if (element_count(shape) != count_)
    throw Error(std::to_string(count_) + " elements cannot take the shape " + to_text(shape));
  Values result = *this;
  result.shape_ = std::move(shape);
  return result;
}

__attribute__((optimize("O3"))) void round_floats_to(DType dtype, float* values, std::int64_t count) {
  if (dtype == DType::bf16) {
    for (std::int64_t i = 0; i < count; ++i) {
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(values[i]);
      const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u;
      const std::uint32_t quiet = (bits | 0x00400000u) & 0xffff0000u;
      values[i] = std::bit_cast<float>((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded);
    }
  } else if (dtype == DType::f16) {
    for (std::int64_t i = 0; i < count; ++i) values[i] = to_float(Float16::from(values[i]));
  }
}

double load_element(const void* data, DType dtype, std::int64_t offset) {
  const char* at = static_cast<const char*>(data) + offset * static_cast<std::int64_t>(size_in_bytes(dtype));
  const auto read = [at](auto value) {
    std::memcpy(&value, at, sizeof value);
    return value;
  };
  switch (dtype) {
    case DType::f64: return read(0.0);
    case DType::f32: return read(0.0f);
    case DType::f16: return to_double(read(Float16{}));
    case DType::bf16: return to_double(read(BFloat16{}));
    case DType::i64: return static_cast<double>(read(std::int64_t{}));
    case DType::u8: return static_cast<double>(read(std::uint8_t{}));
  }
  return 0.0;
}

void store_element(void* data, DType dtype, std::int64_t offset, double value) {
  char* at = static_cast<char*>(data) + offset * static_cast<std::int64_t>(size_in_bytes(dtype));
  const auto write = [at](auto element) { std::memcpy(at, &element, sizeof element); };
  switch (dtype) {
    case DType::f64: return write(value);
    case DType::f32: return write(static_cast<float>(value));
    case DType::f16: return write(Float16::from(value));
    case DType::bf16: return write(BFloat16::from(value));
    case DType::i64: return write(static_cast<std::int64_t>(std::nearbyint(value)));
    case DType::u8: return write(static_cast<std::uint8_t>(std::nearbyint(value)));
  }
}

void store(const Values& values, void* data, const Strides& strides) {
  const Shape& shape = values.shape();
  const auto element_bytes = static_cast<std::int64_t>(size_in_bytes(values.dtype()));
  if (is_row_major(shape, strides) && values.count() > 0) {
    const auto bytes = static_cast<std::size_t>(values.count() * element_bytes);
    if (values.dtype() == DType::f32) return void(std::memcpy(data, values.floats(), bytes));
    if (values.dtype() == DType::f64) return void(std::memcpy(data, values.doubles(), bytes));
    if (values.dtype() == DType::bf16) {
      char* out = static_cast<char*>(data);
      for (std::int64_t i = 0; i < values.count(); ++i, out += 2) {
        const std::uint16_t bits = bfloat16_bits(values.floats()[i]);
        std::memcpy(out, &bits, 2);
      }
      return;
    }
  }
  const std::int64_t row = shape.empty() ? 1 : shape.back();
  const std::int64_t step = shape.empty() ? 1 : strides.back();
  for_each_row(shape, strides, [&](std::int64_t first, std::int64_t offset) {
    store_row(values, first, row, static_cast<char*>(data) + offset * element_bytes, step);
  });
}

Values load(const void* data, DType dtype, const Shape& shape, const Strides& strides) {
  Values values(dtype, shape);
  const std::int64_t row = shape.empty() ? 1 : shape.back();
  const std::int64_t step = shape.empty() ? 1 : strides.back();
  for_each_row(shape, strides, [&](std::int64_t first, std::int64_t offset) {
    if (dtype == DType::i64)
      for (std::int64_t i = 0; i < row; ++i)
        std::memcpy(values.integers() + first + i, static_cast<const char*>(data) + (offset + i * step) * 8, 8);
    else
      for (std::int64_t i = 0; i < row; ++i) values.set(first + i, load_element(data, dtype, offset + i * step));
  });
  return values;
}

}  // namespace lockstep
