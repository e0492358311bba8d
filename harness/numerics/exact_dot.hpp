// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>
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

/// The rows or the columns of a matrix [rows, columns], or of several such matrices one behind the other, as the factors
/// of dot products; lines of the second matrix are numbered after those of the first. A column is gathered when first
/// used and kept, because all elements of an output's row (or column) multiply the same one.
template <class T>
class Lines {
 public:
  Lines(const Operand<T>& matrix, std::int64_t rows, std::int64_t columns, LineAxis axis, std::int64_t matrices = 1)
      : matrix_(matrix),
        rows_(rows),
        columns_(columns),
        axis_(axis),
        gathered_(is_gathered() ? matrices * columns : 0) {}

  std::int64_t length() const { return axis_ == LineAxis::rows ? columns_ : rows_; }
  T at(std::int64_t line, std::int64_t k) const {
    return matrix_[axis_ == LineAxis::rows ? line * columns_ + k : first_of_column(line) + k * columns_];
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
                const float* const first = all + first_of_column(column);
                for (std::int64_t k = 0; k < rows_; ++k) values[static_cast<std::size_t>(k)] = first[k * columns_];
                return values;
              })
          .data();
    }
    return nullptr;
  }

 private:
  static constexpr bool kPlain = std::is_same_v<T, Tracked> || std::is_same_v<T, float> || std::is_same_v<T, double>;
  std::int64_t first_of_column(std::int64_t line) const { return line / columns_ * rows_ * columns_ + line % columns_; }
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

/// Order-free sum of several dot products of lines: the pair k of `pairs` multiplies line pair(k).first of a and line
/// pair(k).second of b. The same result as one dot() over all their elements, in float up to the order of additions.
template <class T, class Pair>
T dot_of_pairs(const Lines<T>& a, const Lines<T>& b, std::int64_t pairs, Pair pair) {
  const std::int64_t n = a.length();
  if (pairs == 1) {
    const auto [i, j] = pair(0);
    return dot(a, i, b, j);
  }
  if constexpr (std::is_same_v<T, float>) {
    T total = 0;
    for (std::int64_t k = 0; k < pairs; ++k) {
      const auto [i, j] = pair(k);
      total += dot(a, i, b, j);
    }
    return total;
  }
  if constexpr (std::is_same_v<T, Tracked>) {
    SumStatistics all;
    std::int64_t known = 0;
    for (; known < pairs; ++known) {
      const auto [i, j] = pair(known);
      const float *x = a.floats(i), *y = b.floats(j);
      if (!x || !y) break;
      const SumStatistics both[] = {all, exact_products(x, y, n)};
      const PartialSums& next = both[1].passed;
      all = detail::combine(both, 2, (known + 1) * n);
      all.passed.follow(both[0].value, next);
      all.passed.pass(all.value,
                      static_cast<double>(n) - next.terms);  // a line of a few terms is looked at behind them
    }
    if (known == pairs) return tracked_sum(all, 1.0);
  }
  const auto term = [&](const Lines<T>& lines, std::int64_t line, std::int64_t k) { return lines.at(line, k % n); };
  return dot<T>(
      pairs * n, [&](std::int64_t k) { return term(a, pair(k / n).first, k); },
      [&](std::int64_t k) { return term(b, pair(k / n).second, k); });
}

}  // namespace lockstep
