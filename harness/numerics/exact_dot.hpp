// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "harness/numerics/operand.hpp"
#include "harness/numerics/sum.hpp"

namespace lockstep {

/// Statistics of the products a[k] * b[k], k in [0, n), of numbers that carry no error: what dot() gathers term by
/// term, in loops that the compiler turns into vector instructions.
SumStatistics exact_products(const float* a, const float* b, std::int64_t n);
/// Sum of a[k] * b[k] in float, with the bits that dot<float> gives.
float float_dot(const float* a, const float* b, std::int64_t n);
/// The same in double, with the bits that dot<double> gives.
double double_dot(const float* a, const float* b, std::int64_t n);

enum class LineAxis : std::uint8_t { rows, columns };

/// The rows or the columns of a matrix [rows, columns] as the factors of dot products. A column is gathered when first
/// used and kept, because all elements of an output's row (or column) multiply the same one.
template <class T>
class Lines {
 public:
  Lines(const Operand<T>& matrix, std::int64_t rows, std::int64_t columns, LineAxis axis)
      : matrix_(matrix), rows_(rows), columns_(columns), axis_(axis), gathered_(is_gathered() ? columns : 0) {}

  std::int64_t length() const { return axis_ == LineAxis::rows ? columns_ : rows_; }
  T at(std::int64_t line, std::int64_t k) const {
    return matrix_[axis_ == LineAxis::rows ? line * columns_ + k : k * columns_ + line];
  }
  /// The line as plain floats; null where T carries more than a value or the tensor is held in another type.
  const float* floats(std::int64_t line) const {
    if constexpr (kPlain) {
      const float* all = matrix_.floats();
      if (!all || axis_ == LineAxis::rows) return all ? all + line * columns_ : nullptr;
      return gathered_
          .at(line,
              [&](std::int64_t column) {
                std::vector<float> values(static_cast<std::size_t>(rows_));
                for (std::int64_t k = 0; k < rows_; ++k)
                  values[static_cast<std::size_t>(k)] = all[k * columns_ + column];
                return values;
              })
          .data();
    }
    return nullptr;
  }

 private:
  static constexpr bool kPlain = std::is_same_v<T, Tracked> || std::is_same_v<T, float> || std::is_same_v<T, double>;
  bool is_gathered() const { return kPlain && axis_ == LineAxis::columns; }

  Operand<T> matrix_;
  std::int64_t rows_, columns_;
  LineAxis axis_;
  LazyGroups<std::vector<float>> gathered_;
};

/// Order-free dot product of line `i` of a and line `j` of b, which have the same length. The same result as dot() over
/// their elements (Tracked: up to the rounding of double), at the speed of vector instructions where both are floats.
template <class T>
T dot(const Lines<T>& a, std::int64_t i, const Lines<T>& b, std::int64_t j) {
  const std::int64_t n = a.length();
  if constexpr (std::is_same_v<T, Tracked> || std::is_same_v<T, float> || std::is_same_v<T, double>) {
    const float *x = a.floats(i), *y = b.floats(j);
    if (x && y) {
      if constexpr (std::is_same_v<T, Tracked>)
        return tracked_sum(exact_products(x, y, n), 1.0);
      else if constexpr (std::is_same_v<T, float>)
        return float_dot(x, y, n);
      else
        return double_dot(x, y, n);
    }
  }
  return dot<T>(
      n, [&](std::int64_t k) { return a.at(i, k); }, [&](std::int64_t k) { return b.at(j, k); });
}

}  // namespace lockstep
