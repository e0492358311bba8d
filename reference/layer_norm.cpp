// SPDX-License-Identifier: Apache-2.0
#include "reference/layer_norm.hpp"

#include <concepts>
#include <optional>

#include "harness/data/error.hpp"
#include "harness/numerics/float_moments.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/layer_norm_column_sums.hpp"
#include "reference/operators.hpp"

namespace lockstep {

LayerNorm::LayerNorm(const Problem& problem) : shape(problem.shape("x")) {
  normalized_shape = problem.parameters.integers("normalized_shape", {});
  eps = problem.parameters.real("eps", 1e-5);
  has_weight = problem.parameters.boolean("affine", true);
  has_bias = has_weight && problem.parameters.boolean("bias", true);
  if (normalized_shape.empty())
    throw Refused(
        "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
        "normalized_shape = []");
  for (const char* name : {"weight", "bias"})
    if (const Shape* given = problem.find_shape(name); given && *given != normalized_shape)
      throw Refused("Expected " + std::string(name) + " to be of same shape as normalized_shape, but got " + name +
                    " of shape " + to_text(*given) + " and normalized_shape = " + to_text(normalized_shape));
  const bool ends_in =
      shape.size() >= normalized_shape.size() &&
      Shape(shape.end() - static_cast<std::ptrdiff_t>(normalized_shape.size()), shape.end()) == normalized_shape;
  if (!ends_in) {
    std::string wanted = "[*";
    for (const std::int64_t extent : normalized_shape) wanted += ", " + std::to_string(extent);
    throw Refused("Given normalized_shape=" + to_text(normalized_shape) + ", expected input with shape " + wanted +
                  "], but got input of size" + to_text(shape));
  }
  columns = element_count(normalized_shape);
  rows = columns == 0 ? 0 : element_count(shape) / columns;
}

namespace {

/// Mean and 1 / standard deviation of a row. `shared_*` mark that their errors are common to the elements of the row; sums
/// over rows meet each row's statistics once, so there they err independently.
template <class T>
struct RowStatistics {
  T mean{}, rstd{}, shared_mean{}, shared_rstd{};
};

template <class T>
Moments<T> row_moments(const LayerNorm& op, const Operand<T>& x, std::int64_t row) {
  if constexpr (std::same_as<T, Tracked>)
    if (const float* floats = x.floats())
      return moments(FloatRuns{floats + row * op.columns, 1, op.columns, op.columns});
  return moments<T>(op.columns, [&](std::int64_t c) { return x[row * op.columns + c]; });
}

template <class T>
RowStatistics<T> row_statistics(const LayerNorm& op, const Operand<T>& x, std::int64_t row) {
  const Moments<T> m = row_moments(op, x, row);
  const T rstd = inverse_deviation(m.variance, op.eps);
  return {m.mean, rstd, shared(m.mean), shared(rstd)};
}

/// Output: y.
template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : op_(problem),
        x_(in[0]),
        weight_(op_.has_weight ? in[1] : Operand<T>()),
        bias_(op_.has_bias ? in[2] : Operand<T>()),
        rows_(op_.rows) {}

  T element(std::size_t, std::int64_t index) const {
    const std::int64_t row = index / op_.columns, column = index % op_.columns;
    const auto& s = rows_.at(row, [this](std::int64_t r) { return row_statistics(op_, x_, r); });
    T result = (x_[index] - s.shared_mean) * s.shared_rstd;
    if (op_.has_weight) result = result * weight_[column];
    if (op_.has_bias) result = result + bias_[column];
    return result;
  }

 private:
  LayerNorm op_;
  Operand<T> x_, weight_, bias_;
  LazyGroups<RowStatistics<T>> rows_;
};

/// Outputs: d_x, d_weight, d_bias.
template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in)
      : op_(problem),
        x_(in[0]),
        weight_(op_.has_weight ? in[1] : Operand<T>()),
        g_(in.back()),
        rows_(op_.rows),
        means_(op_.rows),
        column_sums_(op_.columns / LayerNormColumnSums::kColumns) {}

  T element(std::size_t output, std::int64_t index) const {
    if (output == 0) return input_gradient(index);
    if constexpr (std::same_as<T, Tracked>)
      if (const auto* sums = sums_beside(index)) {
        const auto column = static_cast<std::size_t>(index % LayerNormColumnSums::kColumns);
        return output == 1 ? sums->weight[column] : sums->bias[column];
      }
    if (output == 1)
      return dot<T>(
          op_.rows, [&](std::int64_t r) { return g_[r * op_.columns + index]; },
          [&](std::int64_t r) {
            const auto& s = statistics(r);
            return (x_[r * op_.columns + index] - s.mean) * s.rstd;
          });
    return sum<T>(op_.rows, [&](std::int64_t r) { return g_[r * op_.columns + index]; });
  }

 private:
  struct Means {  // over the row: mean of w and of w * normalized, w = g * weight
    T w{}, w_normalized{};
  };

  T weighted(std::int64_t index) const { return op_.has_weight ? g_[index] * weight_[index % op_.columns] : g_[index]; }
  const RowStatistics<T>& statistics(std::int64_t row) const {
    return rows_.at(row, [this](std::int64_t r) { return row_statistics(op_, x_, r); });
  }
  T normalized(std::int64_t index, const RowStatistics<T>& s) const {
    return (x_[index] - s.shared_mean) * s.shared_rstd;
  }
  /// Of the column and its neighbours, or null where they have to be summed one by one.
  const LayerNormColumnSums::Sums* sums_beside(std::int64_t column) const {
    const std::int64_t group = column / LayerNormColumnSums::kColumns;
    if (x_.floats() == nullptr || g_.floats() == nullptr || group >= op_.columns / LayerNormColumnSums::kColumns)
      return nullptr;
    if (!summed_) {
      summed_.emplace(x_.floats(), g_.floats(), op_.rows, op_.columns);
      for (std::int64_t row = 0; row < op_.rows; ++row) summed_->add_row(statistics(row).mean, statistics(row).rstd);
    }
    const auto& sums =
        column_sums_.at(group, [this](std::int64_t at) { return summed_->at(at * LayerNormColumnSums::kColumns); });
    return sums ? &*sums : nullptr;
  }
  Means means_of(std::int64_t row) const {
    const std::int64_t first = row * op_.columns;
    const auto& s = statistics(row);
    const auto w = [&](std::int64_t c) { return weighted(first + c); };
    const T count = T(static_cast<double>(op_.columns));
    const T mean = sum<T>(op_.columns, w) / count;
    const T mean_normalized = dot<T>(op_.columns, w, [&](std::int64_t c) { return normalized(first + c, s); }) / count;
    return {shared(mean), shared(mean_normalized)};
  }
  T input_gradient(std::int64_t index) const {
    const std::int64_t row = index / op_.columns;
    const Means& m = means_.at(row, [this](std::int64_t r) { return means_of(r); });
    const auto& s = statistics(row);
    return s.shared_rstd * (weighted(index) - m.w - normalized(index, s) * m.w_normalized);
  }

  LayerNorm op_;
  Operand<T> x_, weight_, g_;
  LazyGroups<RowStatistics<T>> rows_;
  LazyGroups<Means> means_;
  mutable std::optional<LayerNormColumnSums> summed_;
  LazyGroups<std::optional<LayerNormColumnSums::Sums>> column_sums_;
};

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
    if (op.has_weight) s.inputs.push_back({"weight", Role::input, dtype, op.normalized_shape, weight});
    if (problem.direction == Direction::forward) {
      if (op.has_bias) s.inputs.push_back({"bias", Role::input, dtype, op.normalized_shape, bias});
      s.outputs.push_back({"y", Role::output, dtype, op.shape, {}, true});
      return s;
    }
    s.inputs.push_back({"g_y", Role::gradient, dtype, op.shape, {}, true});
    s.outputs.push_back({"d_x", Role::output, dtype, op.shape, {}, true});
    if (op.has_weight) s.outputs.push_back({"d_weight", Role::output, dtype, op.normalized_shape, {}});
    if (op.has_bias) s.outputs.push_back({"d_bias", Role::output, dtype, op.normalized_shape, {}, false, true});
    return s;
  }

  /// Operations per element as counted for a two-pass kernel: 8 forward, 14 backward; bytes: every tensor once.
  Cost cost(const Problem& problem) const override {
    const LayerNorm op(problem);
    const double n = static_cast<double>(op.rows * op.columns),
                 size = static_cast<double>(size_in_bytes(problem.dtype));
    const double parameter = static_cast<double>(op.columns) * size;
    const double weight = op.has_weight ? parameter : 0, bias = op.has_bias ? parameter : 0;
    return problem.direction == Direction::forward ? Cost{8 * n, 2 * n * size + weight + bias}
                                                   : Cost{14 * n, 3 * n * size + 2 * weight + bias};
  }

  std::vector<Fault> faults(const Problem&) const override { return layer_norm_faults(); }

  std::vector<Equivalence> equivalences() const override {
    return {
        {"one_pass_variance",
         {DType::bf16},
         "bfloat16 rounds x at mean 1000 to multiples of 4: the variance this adds is larger than what one pass loses, "
         "and the result is rounded to 8 bits",
         {}}};
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
