// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "harness/data/dtype.hpp"
#include "harness/data/shape.hpp"

namespace lockstep {

/// What a tensor contains, apart from how it lies in memory: row-major, every element exactly a number of `dtype`.
/// f32, f16 and bf16 are held as float, f64 as double, integers as int64: reading never rounds.
class Values {
 public:
  Values() = default;
  /// All zeros.
  Values(DType dtype, Shape shape);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::int64_t count() const { return count_; }

  double operator[](std::int64_t index) const {
    if (const float* values = floats()) return values[index];
    if (const double* values = doubles()) return values[index];
    return static_cast<double>(integers()[index]);
  }
  /// Rounds `value` to the dtype and stores it.
  void set(std::int64_t index, double value);

  /// Null unless this is how the elements are held.
  const float* floats() const { return floats_.data(); }
  const double* doubles() const { return doubles_.data(); }
  const std::int64_t* integers() const { return integers_.data(); }
  float* floats() { return floats_.data(); }
  double* doubles() { return doubles_.data(); }
  std::int64_t* integers() { return integers_.data(); }

  /// The same contents rounded to another dtype.
  Values rounded_to(DType dtype) const;
  /// The same elements in row-major order under another shape of as many elements; throws Error otherwise.
  Values reshaped(Shape shape) const;

 private:
  DType dtype_ = DType::f32;
  Shape shape_;
  std::int64_t count_ = 0;
  std::vector<float> floats_;
  std::vector<double> doubles_;
  std::vector<std::int64_t> integers_;
};

/// Rounds each float in place to f16 or bf16 (f32: unchanged).
void round_floats_to(DType dtype, float* values, std::int64_t count);

/// Writes `values` to memory of their dtype at `data` with `strides` (in elements).
void store(const Values& values, void* data, const Strides& strides);
/// Reads one element of `dtype` at `data` + `offset` elements.
double load_element(const void* data, DType dtype, std::int64_t offset);
/// Writes one element, rounding `value` to `dtype`.
void store_element(void* data, DType dtype, std::int64_t offset, double value);
/// The inverse of store.
Values load(const void* data, DType dtype, const Shape& shape, const Strides& strides);

}  // namespace lockstep
