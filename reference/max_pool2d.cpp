// SPDX-License-Identifier: Apache-2.0
#include "reference/max_pool2d.hpp"

#include <cmath>
#include <limits>

#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

/// The maximum of a window, and its index h * W + w in the plane.
template <class T>
struct PoolChoice {
  T value{};
  std::int64_t index = 0;
};

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in) : op_(problem), x_(in[0]) {}

  T element(std::size_t output, std::int64_t index) const {
    const PoolChoice<T> chosen = choose(index);
    return output == 0 ? chosen.value : T(static_cast<double>(chosen.index));
  }
  PoolChoice<T> choose(std::int64_t index) const {
    const std::int64_t plane = index / op_.plane_outputs(), within = index % op_.plane_outputs();
    const PoolAxis &v = op_.vertical, &h = op_.horizontal;
    const std::int64_t i = within / h.outputs, j = within % h.outputs;
    const std::int64_t top = v.first(i), bottom = v.end(i), left = h.first(j), right = h.end(j);
    PoolChoice<T> chosen{T(-std::numeric_limits<double>::infinity()), top * h.extent + left};
    double largest = -std::numeric_limits<double>::infinity();
    for (std::int64_t row = top; row < bottom; row += v.dilation)
      for (std::int64_t column = left; column < right; column += h.dilation) {
        const std::int64_t position = row * h.extent + column;
        const T x = x_[plane * op_.plane_inputs() + position];
        const double value = value_of(x);
        if (value > largest || std::isnan(value)) {
          largest = value;
          chosen = {x, position};
        }
      }
    return chosen;
  }

 private:
  MaxPool2d op_;
  Operand<T> x_;
};

/// The outputs that chose one input, in ascending order.
template <class T>
class ChosenBy {
 public:
  ChosenBy(const MaxPool2d& op, const Operand<T>& indices, std::int64_t input)
      : indices_(indices),
        position_(input % op.plane_inputs()),
        plane_(input / op.plane_inputs() * op.plane_outputs()),
        width_(op.horizontal.outputs),
        row_(op.vertical.first_output(position_ / op.horizontal.extent)),
        last_row_(op.vertical.last_output(position_ / op.horizontal.extent)),
        first_column_(op.horizontal.first_output(position_ % op.horizontal.extent)),
        last_column_(op.horizontal.last_output(position_ % op.horizontal.extent)),
        column_(first_column_) {}

  /// The next output, or -1.
  std::int64_t next() {
    for (; row_ <= last_row_; ++row_, column_ = first_column_)
      while (column_ <= last_column_) {
        const std::int64_t output = plane_ + row_ * width_ + column_++;
        if (indices_.integer(output) == position_) return output;
      }
    return -1;
  }

 private:
  const Operand<T>& indices_;
  std::int64_t position_, plane_, width_, row_, last_row_, first_column_, last_column_, column_;
};

template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in) : op_(problem), indices_(in[1]), g_(in[2]) {}

  T element(std::size_t, std::int64_t index) const {
    ChosenBy<T> outputs(op_, indices_, index);
    const std::int64_t only = outputs.next();
    if (only < 0) return T(0.0);
    std::int64_t count = 1;
    while (outputs.next() >= 0) ++count;
    if (count == 1) return g_[only];
    ChosenBy<T> again(op_, indices_, index);  // sum asks for its terms in ascending order
    return sum<T>(count, [&](std::int64_t) { return g_[again.next()]; });
  }

 private:
  MaxPool2d op_;
  Operand<T> indices_, g_;
};

class MaxPool2dOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "max_pool2d"; }

  Signature signature(const Problem& problem) const override {
    const MaxPool2d op(problem);
    // A narrow range of integers makes ties common.
    const FillRange activation{.exact_limit = 2, .moves_with_offset = true, .takes_special = true};
    Signature s;
    s.inputs.push_back({"x", Role::input, problem.dtype, op.input_shape, activation, true});
    if (problem.direction == Direction::forward) {
      s.outputs.push_back({"y", Role::output, problem.dtype, op.output_shape, {}, true, true});
      s.outputs.push_back({"indices", Role::output, DType::i64, op.output_shape, {}, true, true});
      return s;
    }
    s.inputs.push_back({"indices", Role::saved, DType::i64, op.output_shape, {}, true});
    s.inputs.push_back({"g_y", Role::gradient, problem.dtype, op.output_shape, {}, true});
    s.outputs.push_back({"d_x", Role::output, problem.dtype, op.input_shape, {}, true, true});
    return s;
  }

  /// One comparison per element of a window, or one addition per output; bytes: x, y (or g_y, d_x) and the indices once.
  Cost cost(const Problem& problem) const override {
    const MaxPool2d op(problem);
    const auto inputs = static_cast<double>(element_count(op.input_shape)),
               outputs = static_cast<double>(element_count(op.output_shape)),
               size = static_cast<double>(size_in_bytes(problem.dtype));
    const auto window = static_cast<double>(op.vertical.kernel * op.horizontal.kernel);
    return {problem.direction == Direction::forward ? outputs * window : outputs,
            inputs * size + outputs * (size + static_cast<double>(size_in_bytes(DType::i64)))};
  }

  void derive_saved(const Problem& problem, std::vector<Values>& inputs) const override {
    if (problem.direction == Direction::forward) return;
    const Forward<double> forward(problem, operands_of<double>(inputs));
    for (std::int64_t i = 0; i < inputs[1].count(); ++i) inputs[1].integers()[i] = forward.choose(i).index;
  }

  std::vector<Fault> faults(const Problem& problem) const override { return max_pool2d_faults(problem); }

  std::vector<Fill> fills() const override { return {Fill::normal, Fill::exact, Fill::adversarial, Fill::special}; }
};

}  // namespace

const Operator& max_pool2d_operator() {
  static const MaxPool2dOperator instance;
  return instance;
}

}  // namespace lockstep
