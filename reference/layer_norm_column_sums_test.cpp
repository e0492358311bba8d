// SPDX-License-Identifier: Apache-2.0
#include "reference/layer_norm_column_sums.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "harness/data/random.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kColumns = LayerNormColumnSums::kColumns;

/// Two groups of columns, of which the second is looked at.
struct Rows {
  std::int64_t count, columns = 2 * kColumns;
  std::vector<float> x, g;
  std::vector<Tracked> mean, rstd;

  explicit Rows(std::int64_t rows) : count(rows) {
    RandomStream stream(static_cast<std::uint64_t>(rows));
    const auto draw = [&stream] { return static_cast<float>(stream.below(4001)) / 1000.0f - 2.0f; };
    for (std::int64_t i = 0; i < rows * columns; ++i) {
      x.push_back(draw());
      g.push_back(draw());
    }
    for (std::int64_t row = 0; row < rows; ++row) {
      mean.emplace_back(static_cast<double>(draw()), 1e-7, 1e-16, 2e-8);
      rstd.emplace_back(1.5 + static_cast<double>(row % 7), 3e-7, 4e-15, 1e-8);
    }
  }
  std::optional<LayerNormColumnSums::Sums> sums() const {
    LayerNormColumnSums all(x.data(), g.data(), count, columns);
    for (std::size_t row = 0; row < mean.size(); ++row) all.add_row(mean[row], rstd[row]);
    return all.at(kColumns);
  }
  Tracked gradient(std::int64_t row, std::int64_t column) const { return double(g[at(row, column)]); }
  Tracked normalized(std::int64_t row, std::int64_t column) const {
    const auto r = static_cast<std::size_t>(row);
    return (Tracked(double(x[at(row, column)])) - mean[r]) * rstd[r];
  }
  std::size_t at(std::int64_t row, std::int64_t column) const {
    return static_cast<std::size_t>(row * columns + kColumns + column);
  }
};

void expect_equal(const Tracked& sum, const Tracked& formula) {
  EXPECT_NEAR(sum.spread, formula.spread, 1e-9 * formula.spread);
  EXPECT_NEAR(sum.value, formula.value, 1e-12 * (1 + std::abs(formula.value)));
  EXPECT_NEAR(sum.bound, formula.bound, 1e-9 * formula.bound);
  EXPECT_NEAR(sum.common, formula.common, 1e-9 * formula.common);
}

TEST(LayerNormColumnSums, HaveTheErrorsOfTheFormulas) {
  for (const std::int64_t rows : {1, 2, 40, 63, 64, 65, 256, 1000}) {
    const Rows drawn(rows);
    const auto sums = drawn.sums();
    ASSERT_TRUE(sums);
    for (std::int64_t column = 0; column < kColumns; ++column) {
      const Tracked weight = dot<Tracked>(
          rows, [&](std::int64_t r) { return drawn.gradient(r, column); },
          [&](std::int64_t r) { return drawn.normalized(r, column); });
      const Tracked bias = sum<Tracked>(rows, [&](std::int64_t r) { return drawn.gradient(r, column); });
      const auto at = static_cast<std::size_t>(column);
      expect_equal(sums->weight[at], weight);
      expect_equal(sums->bias[at], bias);
    }
  }
}

TEST(LayerNormColumnSums, AreLeftToTheFormulasWhereTheClosedFormIsAnother) {
  for (const float odd : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Rows drawn(10);
    drawn.x[drawn.at(9, kColumns - 1)] = odd;
    EXPECT_FALSE(drawn.sums());
  }
  Rows tiny(10);
  tiny.mean[3] = static_cast<double>(tiny.x[tiny.at(3, 0)]) + 0x1p-52;
  tiny.rstd[3] = 0x1p-60;
  EXPECT_FALSE(tiny.sums()) << "may underflow";
  Rows other(10);
  other.x[other.at(9, -1)] = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(other.sums()) << "a column beside them";
}

}  // namespace
}  // namespace lockstep
