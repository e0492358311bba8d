// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "harness/numerics/moments.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/layer_norm.hpp"

namespace lockstep {
namespace {

/// What a wrong kernel takes for mean and 1 / standard deviation of a row.
struct WrongRow {
  double mean = 0, rstd = 0;
};
using Recipe = WrongRow (*)(const LayerNorm&, const Values& x, std::int64_t row);

Moments<double> moments_of(const LayerNorm& op, const Values& x, std::int64_t row) {
  return moments<double>(op.columns, [&](std::int64_t c) { return x[row * op.columns + c]; });
}

WrongRow right_row(const LayerNorm& op, const Values& x, std::int64_t row) {
  const auto m = moments_of(op, x, row);
  return {m.mean, rsqrt(m.variance + op.eps)};
}

WrongRow doubled_eps_row(const LayerNorm& op, const Values& x, std::int64_t row) {
  const auto m = moments_of(op, x, row);
  return {m.mean, rsqrt(m.variance + 2 * op.eps)};
}

WrongRow eps_outside_row(const LayerNorm& op, const Values& x, std::int64_t row) {
  const auto m = moments_of(op, x, row);
  return {m.mean, 1.0 / (std::sqrt(m.variance) + op.eps)};
}

WrongRow unbiased_row(const LayerNorm& op, const Values& x, std::int64_t row) {
  const auto m = moments_of(op, x, row);
  const auto n = static_cast<double>(op.columns);
  return {m.mean, rsqrt(m.variance * n / (n - 1) + op.eps)};
}

WrongRow one_pass_row(const LayerNorm& op, const Values& x, std::int64_t row) {
  float total = 0, squares = 0;
  for (std::int64_t c = 0; c < op.columns; ++c) {
    const auto value = static_cast<float>(x[row * op.columns + c]);
    total += value;
    squares += value * value;
  }
  const float n = static_cast<float>(op.columns), mean = total / n;
  return {mean, 1.0f / std::sqrt(std::max(squares / n - mean * mean, 0.0f) + static_cast<float>(op.eps))};
}

/// Statistics over the rows instead of the columns: those of the column whose number the row has.
WrongRow wrong_axis_row(const LayerNorm& op, const Values& x, std::int64_t row) {
  const std::int64_t column = row % op.columns;
  const auto m = moments<double>(op.rows, [&](std::int64_t r) { return x[r * op.columns + column]; });
  return {m.mean, rsqrt(m.variance + op.eps)};
}

WrongRow mean_kept_row(const LayerNorm& op, const Values& x, std::int64_t row) {
  const auto m = moments_of(op, x, row);
  return {0.0, rsqrt(m.variance + m.mean * m.mean + op.eps)};
}

WrongRow one_short_row(const LayerNorm& op, const Values& x, std::int64_t row) {
  const auto n = static_cast<double>(op.columns);
  const auto at = [&](std::int64_t c) { return x[row * op.columns + c]; };
  const double mean = sum<double>(op.columns - 1, at) / n;
  const double squares =
      sum<double>(op.columns - 1, [&](std::int64_t c) { return (at(c) - mean) * (at(c) - mean); }) / n;
  return {mean, rsqrt(squares + op.eps)};
}

WrongRow neighbours_row(const LayerNorm& op, const Values& x, std::int64_t row) {
  return right_row(op, x, (row + 1) % op.rows);
}

/// One or more steps done wrongly.
struct WrongSteps {
  Recipe recipe = right_row;
  double weight = 1, bias = 1;           // factor on what is applied: 0 leaves it out
  double mean = 1, mean_normalized = 1;  // of the backward's two row means
  bool weight_gradient_normalized = true;
  std::int64_t rows_left_out = 0;  // at the end of the sums for d_weight and d_bias
};

class WrongLayerNorm final : public Evaluator<double> {
 public:
  WrongLayerNorm(const Problem& problem, const std::vector<Values>& in, const WrongSteps& steps)
      : op_(problem),
        forward_(problem.direction == Direction::forward),
        in_(in),
        steps_(steps),
        rows_(op_.rows),
        means_(op_.rows) {}

  double element(std::size_t output, std::int64_t index) const override {
    if (forward_) return result(index);
    if (output == 0) return input_gradient(index);
    return sum<double>(op_.rows - steps_.rows_left_out, [&](std::int64_t r) {
      const std::int64_t i = r * op_.columns + index;
      if (output == 2) return gradient(i);
      return gradient(i) * (steps_.weight_gradient_normalized ? normalized(i) : in_[0][i]);
    });
  }

 private:
  struct Means {
    double w = 0, w_normalized = 0;
  };

  const WrongRow& statistics(std::int64_t index) const {
    return rows_.at(index / op_.columns, [this](std::int64_t r) { return steps_.recipe(op_, in_[0], r); });
  }
  double gradient(std::int64_t index) const { return in_.back()[index]; }
  double weight(std::int64_t index) const {
    return op_.has_weight && steps_.weight != 0 ? in_[1][index % op_.columns] : 1.0;
  }
  double normalized(std::int64_t index) const {
    const WrongRow& s = statistics(index);
    return (in_[0][index] - s.mean) * s.rstd;
  }
  double result(std::int64_t index) const {
    const double bias = op_.has_bias ? steps_.bias * in_[2][index % op_.columns] : 0.0;
    return normalized(index) * weight(index) + bias;
  }
  Means means_of(std::int64_t row) const {
    const std::int64_t first = row * op_.columns;
    const auto n = static_cast<double>(op_.columns);
    const auto w = [&](std::int64_t c) { return gradient(first + c) * weight(first + c); };
    return {steps_.mean * sum<double>(op_.columns, w) / n,
            steps_.mean_normalized *
                sum<double>(op_.columns, [&](std::int64_t c) { return w(c) * normalized(first + c); }) / n};
  }
  double input_gradient(std::int64_t index) const {
    const Means& m = means_.at(index / op_.columns, [this](std::int64_t r) { return means_of(r); });
    return statistics(index).rstd * (gradient(index) * weight(index) - m.w - normalized(index) * m.w_normalized);
  }

  LayerNorm op_;
  bool forward_;
  const std::vector<Values>& in_;
  WrongSteps steps_;
  LazyGroups<WrongRow> rows_;
  LazyGroups<Means> means_;
};

using Answer = std::unique_ptr<Evaluator<double>>;

template <Recipe kRecipe>
Answer by_recipe(const Problem& p, const std::vector<Values>& in) {
  return std::make_unique<WrongLayerNorm>(p, in, WrongSteps{.recipe = kRecipe});
}

Answer where(bool applies, const Problem& p, const std::vector<Values>& in, const WrongSteps& steps) {
  return applies ? std::make_unique<WrongLayerNorm>(p, in, steps) : nullptr;
}

Answer unbiased(const Problem& p, const std::vector<Values>& in) {
  return where(LayerNorm(p).columns > 1, p, in, {.recipe = unbiased_row});
}
Answer one_short(const Problem& p, const std::vector<Values>& in) {
  return where(LayerNorm(p).columns > 1, p, in, {.recipe = one_short_row});
}
Answer neighbours(const Problem& p, const std::vector<Values>& in) {
  return where(LayerNorm(p).rows > 1, p, in, {.recipe = neighbours_row});
}
Answer without_weight(const Problem& p, const std::vector<Values>& in) {
  return where(LayerNorm(p).has_weight, p, in, {.weight = 0});
}
Answer without_bias(const Problem& p, const std::vector<Values>& in) {
  return where(p.direction == Direction::forward && LayerNorm(p).has_bias, p, in, {.bias = 0});
}
Answer without_mean(const Problem& p, const std::vector<Values>& in) {
  return where(p.direction == Direction::backward, p, in, {.mean = 0});
}
Answer without_mean_normalized(const Problem& p, const std::vector<Values>& in) {
  return where(p.direction == Direction::backward, p, in, {.mean_normalized = 0});
}
Answer weight_gradient_of_x(const Problem& p, const std::vector<Values>& in) {
  return where(p.direction == Direction::backward && LayerNorm(p).has_weight, p, in,
               {.weight_gradient_normalized = false});
}
Answer last_row_left_out(const Problem& p, const std::vector<Values>& in) {
  const LayerNorm op(p);
  return where(p.direction == Direction::backward && op.has_weight && op.rows > 0, p, in, {.rows_left_out = 1});
}

}  // namespace

std::vector<Fault> layer_norm_faults() {
  return {
      {"eps_doubled", "eps twice as large (2e-5 for 1e-5)", by_recipe<doubled_eps_row>},
      {"eps_outside", "eps added to the deviation, not to the variance", by_recipe<eps_outside_row>},
      {"unbiased_variance", "variance divided by columns - 1", unbiased},
      {"one_pass_variance", "variance as E[x^2] - E[x]^2 in float", by_recipe<one_pass_row>},
      {"wrong_axis", "statistics over the rows instead of the columns", by_recipe<wrong_axis_row>},
      {"mean_kept", "divided by the root mean square without subtracting the mean", by_recipe<mean_kept_row>},
      {"row_one_short", "the statistics leave out the row's last element", one_short},
      {"neighbours_row", "statistics of the neighbouring row", neighbours},
      {"weight_dropped", "the weight is not applied", without_weight},
      {"bias_dropped", "the bias is not added", without_bias},
      {"mean_dropped", "d_x leaves out the mean of g_y weight", without_mean},
      {"second_mean_dropped", "d_x leaves out the mean of g_y weight times the normalised x", without_mean_normalized},
      {"weight_gradient_of_x", "d_weight sums g_y x, not g_y times the normalised x", weight_gradient_of_x},
      {"last_row_left_out", "d_weight and d_bias miss the last row", last_row_left_out},
  };
}

}  // namespace lockstep
