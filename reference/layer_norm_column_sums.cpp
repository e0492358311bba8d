// SPDX-License-Identifier: Apache-2.0
#include "reference/layer_norm_column_sums.hpp"

#include <cmath>
#include <limits>

#include "harness/numerics/lanes.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kParts = LayerNormColumnSums::kColumns / kLanes;

/// SumStatistics of four columns.
struct ColumnTerms {
  Lanes value{}, magnitude{}, squares{}, bound{}, spread{}, common{};
  Lanes passed_sum{}, passed_squares{};

  void add(Lanes term) {
    value += term;
    magnitude += absolute(term);
    squares += term * term;
  }
  void look(double terms) {
    passed_sum += terms * value;
    passed_squares += terms * value * value;
  }
  SumStatistics column(std::int64_t lane, double terms, double looked_at) const {
    SumStatistics s{.terms = terms, .value = value[lane], .magnitude = magnitude[lane], .squares = squares[lane]};
    s.bound = bound[lane];
    s.spread = spread[lane];
    s.common = common[lane];
    s.passed = {.terms = looked_at, .sum = passed_sum[lane], .squares = passed_squares[lane]};
    return s;
  }
};

/// Whether the product of every lane is zero or neither infinite, NaN nor near underflow.
bool is_ordinary(Lanes y) {
  const Lanes size = absolute(y);
  const auto odd = ~((size < std::numeric_limits<double>::infinity()) & ((size >= kMayUnderflow) | (size == 0.0)));
  return (odd[0] | odd[1] | odd[2] | odd[3]) == 0;
}

}  // namespace

// The error of d = x - mean is mean's and one rounding, u |d|; that of y = d rstd is |d| times rstd's, |rstd| times d's,
// their product and one rounding, u |y|. Each rounding also rounds what came before, hence the factors 1 + u. In the mean
// the squares add, and what mean and rstd have in common with other rows adds linearly.
void LayerNormColumnSums::add_row(const Tracked& mean, const Tracked& rstd) {
  const double u = current_roundoff(), typical = kRoundingRms * u, scale = std::abs(rstd.value);
  const double reach = scale + rstd.bound;
  factors_.push_back({.mean = mean.value,
                      .rstd = rstd.value,
                      .bound_slope = (rstd.bound + reach * u) * (1 + u) + u * scale,
                      .bound_offset = reach * mean.bound * (1 + u) * (1 + u),
                      .spread_slope = rstd.spread + 2 * typical * typical * scale * scale,
                      .spread_offset = scale * scale * mean.spread,
                      .common_slope = rstd.common,
                      .common_offset = scale * mean.common});
}

std::optional<LayerNormColumnSums::Sums> LayerNormColumnSums::at(std::int64_t first) const {
  std::array<ColumnTerms, kParts> weight{}, bias{};
  const std::int64_t step = PartialSums::step(rows_);
  for (std::int64_t r = 0; r < rows_; ++r) {
    const Row& row = factors_[static_cast<std::size_t>(r)];
    const bool looks = (r + 1) % step == 0 || (r + 1 == rows_ && rows_ > step);
    const auto terms_since = static_cast<double>(r % step + 1);
    for (std::int64_t part = 0; part < kParts; ++part) {
      const std::int64_t at = r * columns_ + first + part * kLanes;
      const Lanes g = load_lanes(g_ + at), d = load_lanes(x_ + at) - row.mean, y = d * row.rstd;
      if (!is_ordinary(y) || !is_ordinary(g * y)) return std::nullopt;
      const Lanes size = absolute(d), scale = absolute(g);
      ColumnTerms& w = weight[static_cast<std::size_t>(part)];
      w.add(g * y);
      w.bound += scale * (size * row.bound_slope + row.bound_offset);
      w.spread += g * g * (d * d * row.spread_slope + row.spread_offset);
      w.common += scale * (size * row.common_slope + row.common_offset);
      ColumnTerms& b = bias[static_cast<std::size_t>(part)];
      b.add(g);
      if (!looks) continue;
      w.look(terms_since);
      b.look(terms_since);
    }
  }
  Sums sums;
  const auto terms = static_cast<double>(rows_), looked_at = rows_ < step ? 0 : terms;
  for (std::int64_t column = 0; column < kColumns; ++column) {
    const auto part = static_cast<std::size_t>(column / kLanes), at = static_cast<std::size_t>(column);
    sums.weight[at] = tracked_sum(weight[part].column(column % kLanes, terms, looked_at), 1.0);
    sums.bias[at] = tracked_sum(bias[part].column(column % kLanes, terms, looked_at), 0.0);
  }
  return sums;
}

}  // namespace lockstep
