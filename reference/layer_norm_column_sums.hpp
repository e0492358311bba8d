// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/numerics/sum.hpp"

namespace lockstep {

/// d_weight = sum over rows of g (x - mean) rstd and d_bias = sum over rows of g, for neighbouring columns at once: columns
/// one by one would walk through memory once for each. The errors are those of the same formulas in Tracked numbers, in
/// closed form, since x and g are exact.
class LayerNormColumnSums {
 public:
  static constexpr std::int64_t kColumns = 16;  ///< a cache line of floats

  struct Sums {
    std::array<Tracked, kColumns> weight{}, bias{};
  };

  /// x, g: [rows, columns], row-major; they are kept by pointer. Statistics of the rows are added in order.
  LayerNormColumnSums(const float* x, const float* g, std::int64_t rows, std::int64_t columns)
      : x_(x), g_(g), rows_(rows), columns_(columns) {}
  void add_row(const Tracked& mean, const Tracked& rstd);

  /// Of columns first .. first + kColumns - 1. Nothing where infinities, NaN or underflow meet: then the closed form is not
  /// that of the formulas.
  std::optional<Sums> at(std::int64_t first) const;

 private:
  /// With d = x - mean and y = d rstd, both rounded: the error of y is `slope` |d| + `offset` at most, and so on.
  struct Row {
    double mean, rstd, bound_slope, bound_offset, spread_slope, spread_offset, common_slope, common_offset;
  };

  const float* x_;
  const float* g_;
  std::int64_t rows_, columns_;
  std::vector<Row> factors_;
};

}  // namespace lockstep
