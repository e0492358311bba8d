// SPDX-License-Identifier: Apache-2.0
#include "reference/layer_norm.hpp"

#include "harness/data/error.hpp"
#include "harness/numerics/moments.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/operators.hpp"

namespace lockstep {

LayerNorm::LayerNorm(const Problem& problem) : shape(problem.shape("x")) {
  normalized_shape = problem.parameters.integers("normalized_shape", {});
  eps = problem.parameters.real("eps", 1e-5);
  affine = problem.parameters.boolean("affine", true);
  if (normalized_shape.empty())
    throw Refused("Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
                  "normalized_shape = []");
  const bool ends_in = shape.size() >= normalized_shape.size() &&
                       Shape(shape.end() - static_cast<std::ptrdiff_t>(normalized_shape.size()), shape.end()) ==
                           normalized_shape;
  if (!ends_in) {
    std::string wanted = "[*";
    for (const std::int64_t extent : normalized_shape) wanted += ", " + std::to_string(extent);
    throw Refused("Given normalized_shape=" + to_text(normalized_shape) + ", expected input with shape " + wanted +
                  "], but got input of size" + to_text(shape));
  }
  for (const char* name : {"weight", "bias"})
    if (const Shape* given = problem.find_shape(name); given && *given != normalized_shape)
      throw Refused("Expected " + std::string(name) + " to be of same shape as normalized_shape, but got " + name +
                    " of shape " + to_text(*given) + " and normalized_shape = " + to_text(normalized_shape));
  columns = element_count(normalized_shape);
  rows = columns == 0 ? 0 : element_count(shape) / columns;
}

namespace {

template <class T>
struct RowStatistics {
  T mean{}, rstd{};
};

template <class T>
RowStatistics<T> row_statistics(const LayerNorm& op, const Operand<T>& x, std::int64_t row) {
  const Moments<T> m = moments<T>(op.columns, [&](std::int64_t c) { return x[row * op.columns + c]; });
  return {shared(m.mean), shared(T(rsqrt(m.variance + T(op.eps))))};
}

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : op_(problem), x_(in[0]), weight_(op_.affine ? in[1] : Operand<T>()), bias_(op_.affine ? in[2] : Operand<T>()),
        rows_(op_.rows) {}

  T element(std::size_t, std::int64_t index) const {
    const std::int64_t row = index / op_.columns, column = index % op_.columns;
    const auto& s = rows_.at(row, [this](std::int64_t r) { return row_statistics(op_, x_, r); });
    const T normalized = (x_[index] - s.mean) * s.rstd;
    return op_.affine ? normalized * weight_[column] + bias_[column] : normalized;
  }

 private:
  LayerNorm op_;
  Operand<T> x_, weight_, bias_;
  LazyGroups<RowStatistics<T>> rows_;
};

template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in)
      : op_(problem), x_(in[0]), weight_(op_.affine ? in[1] : Operand<T>()), g_(in.back()), rows_(op_.rows),
        means_(op_.rows) {}

  /// Outputs: d_x, d_weight, d_bias.
  T element(std::size_t output, std::int64_t index) const {
    if (output == 0) return input_gradient(index);
    if (output == 1)
      return dot<T>(
          op_.rows, [&](std::int64_t r) { return g_[r * op_.columns + index]; },
          [&](std::int64_t r) { return normalized(r * op_.columns + index); });
    return sum<T>(op_.rows, [&](std::int64_t r) { return g_[r * op_.columns + index]; });
  }

 private:
  struct Means {  // over the row: mean of w and of w * normalized, w = g * weight
    T w{}, w_normalized{};
  };

  T weighted(std::int64_t index) const { return op_.affine ? g_[index] * weight_[index % op_.columns] : g_[index]; }
  const RowStatistics<T>& statistics(std::int64_t row) const {
    return rows_.at(row, [this](std::int64_t r) { return row_statistics(op_, x_, r); });
  }
  T normalized(std::int64_t index) const {
    const auto& s = statistics(index / op_.columns);
    return (x_[index] - s.mean) * s.rstd;
  }
  T input_gradient(std::int64_t index) const {
    const std::int64_t row = index / op_.columns;
    const Means& m = means_.at(row, [this](std::int64_t r) {
      const std::int64_t first = r * op_.columns;
      const T count = T(static_cast<double>(op_.columns));
      return Means{shared(T(sum<T>(op_.columns, [&](std::int64_t c) { return weighted(first + c); }) / count)),
                   shared(T(dot<T>(
                                op_.columns, [&](std::int64_t c) { return weighted(first + c); },
                                [&](std::int64_t c) { return normalized(first + c); }) /
                            count))};
    });
    return statistics(row).rstd * (weighted(index) - m.w - normalized(index) * m.w_normalized);
  }

  LayerNorm op_;
  Operand<T> x_, weight_, g_;
  LazyGroups<RowStatistics<T>> rows_;
  LazyGroups<Means> means_;
};

/// Row statistics by a wrong recipe; the rest of the formula is right.
struct WrongRow {
  double mean, rstd;
};
using WrongRecipe = std::function<WrongRow(const LayerNorm&, const Values& x, std::int64_t row)>;

std::unique_ptr<Evaluator<double>> with_recipe(const Problem& problem, const std::vector<Values>& in, WrongRecipe recipe) {
  const LayerNorm op(problem);
  if (problem.direction == Direction::forward)
    return std::make_unique<WrongAnswer>([op, &in, recipe](std::size_t, std::int64_t i) {
      const WrongRow s = recipe(op, in[0], i / op.columns);
      const double normalized = (in[0][i] - s.mean) * s.rstd;
      return op.affine ? normalized * in[1][i % op.columns] + in[2][i % op.columns] : normalized;
    });
  return std::make_unique<WrongAnswer>([op, &in, recipe](std::size_t output, std::int64_t i) -> double {
    const Values& x = in[0];
    const Values& g = in.back();
    const auto normalized = [&](std::int64_t k, const WrongRow& s) { return (x[k] - s.mean) * s.rstd; };
    if (output > 0)
      return sum<double>(op.rows, [&](std::int64_t r) {
        const std::int64_t k = r * op.columns + i;
        return output == 2 ? g[k] : g[k] * normalized(k, recipe(op, x, r));
      });
    const std::int64_t first = i / op.columns * op.columns;
    const WrongRow s = recipe(op, x, i / op.columns);
    const auto w = [&](std::int64_t c) { return op.affine ? g[first + c] * in[1][c] : g[first + c]; };
    const auto count = static_cast<double>(op.columns);
    const double c1 = sum<double>(op.columns, w) / count;
    const double c2 =
        sum<double>(op.columns, [&](std::int64_t c) { return w(c) * normalized(first + c, s); }) / count;
    return s.rstd * (w(i - first) - c1 - normalized(i, s) * c2);
  });
}

WrongRow unbiased_row(const LayerNorm& op, const Values& x, std::int64_t row) {
  const auto m = moments<double>(op.columns, [&](std::int64_t c) { return x[row * op.columns + c]; });
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

class LayerNormOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "layer_norm"; }

  Signature signature(const Problem& problem) const override {
    const LayerNorm op(problem);
    const DType dtype = problem.dtype;
    const FillRange activation{.moves_with_offset = true, .takes_special = true}, weight{.mean = 1.0, .deviation = 0.3},
        bias{.deviation = 0.5};
    Signature s;
    s.inputs.push_back({"x", Role::input, dtype, op.shape, activation, true});
    if (op.affine) s.inputs.push_back({"weight", Role::input, dtype, op.normalized_shape, weight});
    if (problem.direction == Direction::forward) {
      if (op.affine) s.inputs.push_back({"bias", Role::input, dtype, op.normalized_shape, bias});
      s.outputs.push_back({"y", Role::output, dtype, op.shape, {}, true});
      return s;
    }
    s.inputs.push_back({"g_y", Role::gradient, dtype, op.shape, {}, true});
    s.outputs.push_back({"d_x", Role::output, dtype, op.shape, {}, true});
    if (op.affine) {
      s.outputs.push_back({"d_weight", Role::output, dtype, op.normalized_shape, {}});
      s.outputs.push_back({"d_bias", Role::output, dtype, op.normalized_shape, {}, false, true});
    }
    return s;
  }

  /// Operations per element as counted for a two-pass kernel: 8 forward, 14 backward; bytes: x, y (and g_y) once.
  Cost cost(const Problem& problem) const override {
    const LayerNorm op(problem);
    const double n = static_cast<double>(op.rows * op.columns), size = static_cast<double>(size_in_bytes(problem.dtype));
    const double parameters = op.affine ? 2.0 * static_cast<double>(op.columns) * size : 0.0;
    return problem.direction == Direction::forward ? Cost{8 * n, 2 * n * size + parameters}
                                                   : Cost{14 * n, 3 * n * size + 1.5 * parameters};
  }

  std::vector<Fault> faults(const Problem&) const override {
    return {
        {"eps_doubled", "eps twice as large (2e-5 for 1e-5)",
         [](const Problem& p, const std::vector<Values>& in) {
           Problem changed = p;
           changed.parameters.set_real("eps", 2 * LayerNorm(p).eps);
           return evaluate_as<Forward, Backward>(changed, in);
         }},
        {"unbiased_variance", "variance divided by columns - 1",
         [](const Problem& p, const std::vector<Values>& in) -> std::unique_ptr<Evaluator<double>> {
           return LayerNorm(p).columns < 2 ? nullptr : with_recipe(p, in, unbiased_row);
         }},
        {"one_pass_variance", "variance as E[x^2] - E[x]^2 in float",
         [](const Problem& p, const std::vector<Values>& in) { return with_recipe(p, in, one_pass_row); }},
        {"wrong_axis", "statistics over the rows instead of the columns",
         [](const Problem& p, const std::vector<Values>& in) { return with_recipe(p, in, wrong_axis_row); }},
    };
  }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }
};

}  // namespace

const Operator& layer_norm_operator() {
  static const LayerNormOperator instance;
  return instance;
}

}  // namespace lockstep
