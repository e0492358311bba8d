// SPDX-License-Identifier: Apache-2.0
#include "reference/linear.hpp"

#include <algorithm>
#include <cmath>

#include "harness/data/error.hpp"
#include "harness/numerics/exact_dot.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

Shape weight_shape_of(const Problem& problem) {
  if (const Shape* given = problem.find_shape("weight")) return *given;
  if (problem.parameters.has("in_features") && problem.parameters.has("out_features"))
    return {problem.parameters.integer("out_features", 0), problem.parameters.integer("in_features", 0)};
  return problem.shape("weight");  // throws
}

std::string by(std::int64_t rows, std::int64_t columns) { return std::to_string(rows) + "x" + std::to_string(columns); }

void check_axes(const Shape& x, const Shape& weight, bool bias) {
  if (x.empty() || weight.empty())
    throw Refused("both arguments to matmul need to be at least 1D, but they are " + std::to_string(x.size()) +
                  "D and " + std::to_string(weight.size()) + "D");
  if (weight.size() > 2)
    throw Refused("t() expects a tensor with <= 2 dimensions, but self is " + std::to_string(weight.size()) + "D");
  if (bias && weight.size() == 1) throw Refused("mat2 must be a matrix, got 1-D tensor");
}

void check_factors(const Linear& op) {
  const std::int64_t given = op.x_shape.back();
  if (given == op.in_features) return;
  if (op.weight_shape.size() == 2)
    throw Refused("mat1 and mat2 shapes cannot be multiplied (" + by(op.rows, given) + " and " +
                  by(op.in_features, op.out_features) + ")");
  const std::string wanted = std::to_string(op.in_features);
  if (op.x_shape.size() == 1)
    throw Refused("inconsistent tensor size, expected tensor [" + std::to_string(given) + "] and src [" + wanted +
                  "] to have the same number of elements, but got " + std::to_string(given) + " and " + wanted +
                  " elements respectively");
  throw Refused("size mismatch, got " + std::to_string(op.rows) + ", " + by(op.rows, given) + "," + wanted);
}

/// PyTorch's message depends on how it gets to the sum: by addmm for matrices and rank 3, by matmul and add for the
/// rest.
void check_bias(const Linear& op, const Shape& given) {
  if (given == Shape{op.out_features}) return;
  if (given.size() != 1)
    throw Refused("linear: bias of shape " + to_text(given) + "; accepted: [" + std::to_string(op.out_features) + "]");
  const std::string wanted = std::to_string(op.out_features), got = std::to_string(given[0]);
  if (op.x_shape.size() == 2 || op.x_shape.size() == 3)
    throw Refused("The expanded size of the tensor (" + wanted + ") must match the existing size (" + got +
                  ") at non-singleton dimension 1.  Target sizes: " + to_text({op.rows, op.out_features}) +
                  ".  Tensor sizes: " + to_text(given));
  throw Refused("The size of tensor a (" + wanted + ") must match the size of tensor b (" + got +
                ") at non-singleton dimension " + std::to_string(op.x_shape.size() - 1));
}

void check_features(const Linear& op, const Parameters& parameters) {
  if (parameters.integer("in_features", op.in_features) != op.in_features ||
      parameters.integer("out_features", op.out_features) != op.out_features)
    throw Refused("linear: weight of shape " + to_text(op.weight_shape) + "; accepted: [out_features, in_features] = " +
                  to_text({parameters.integer("out_features", op.out_features),
                           parameters.integer("in_features", op.in_features)}));
}

}  // namespace

Linear::Linear(const Problem& problem) : x_shape(problem.shape("x")), weight_shape(weight_shape_of(problem)) {
  bias = problem.parameters.boolean("bias", true);
  check_axes(x_shape, weight_shape, bias);
  in_features = weight_shape.back();
  out_features = weight_shape.size() == 2 ? weight_shape[0] : 1;
  y_shape = Shape(x_shape.begin(), x_shape.end() - 1);
  rows = element_count(y_shape);
  if (weight_shape.size() == 2) y_shape.push_back(out_features);
  check_features(*this, problem.parameters);
  check_factors(*this);
  if (const Shape* given = problem.find_shape("bias"); given && bias) check_bias(*this, *given);
}

namespace {

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : op_(problem),
        x_(in[0], op_.rows, op_.in_features, LineAxis::rows),
        weight_(in[1], op_.out_features, op_.in_features, LineAxis::rows),
        bias_(op_.bias ? in[2] : Operand<T>()) {}

  T element(std::size_t, std::int64_t index) const {
    const std::int64_t row = index / op_.out_features, column = index % op_.out_features;
    const T product = dot(x_, row, weight_, column);
    return op_.bias ? product + bias_[column] : product;
  }

 private:
  Linear op_;
  Lines<T> x_, weight_;
  Operand<T> bias_;
};

template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in)
      : op_(problem),
        g_(in[2]),
        x_columns_(in[0], op_.rows, op_.in_features, LineAxis::columns),
        weight_columns_(in[1], op_.out_features, op_.in_features, LineAxis::columns),
        g_rows_(in[2], op_.rows, op_.out_features, LineAxis::rows),
        g_columns_(in[2], op_.rows, op_.out_features, LineAxis::columns) {}

  /// Outputs: d_x, d_weight, d_bias.
  T element(std::size_t output, std::int64_t index) const {
    if (output == 2) return sum<T>(op_.rows, [&](std::int64_t r) { return g_[r * op_.out_features + index]; });
    const std::int64_t line = index / op_.in_features, feature = index % op_.in_features;
    if (output == 0) return dot(g_rows_, line, weight_columns_, feature);
    return dot(g_columns_, line, x_columns_, feature);
  }

 private:
  Linear op_;
  Operand<T> g_;
  Lines<T> x_columns_, weight_columns_, g_rows_, g_columns_;
};

/// Whether any sum of `terms` numbers of at most `largest` in magnitude is exact in float in every order.
bool sums_are_exact(std::int64_t terms, std::int64_t largest) {
  return (terms + 1) * largest < (std::int64_t{1} << 24);
}

class LinearOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "linear"; }

  Signature signature(const Problem& problem) const override {
    const Linear op(problem);
    const DType dtype = problem.dtype;
    const FillRange activation{.moves_with_offset = true, .takes_special = true};
    // As wide as PyTorch draws them, so that y stays of the order of x in float16.
    const double deviation = 1.0 / std::sqrt(static_cast<double>(std::max<std::int64_t>(op.in_features, 1)));
    const FillRange weight{.deviation = deviation, .adversarial_limit = 4.0};
    const std::int64_t limit = activation.exact_limit, product = limit * limit;
    Signature s;
    s.inputs.push_back({"x", Role::input, dtype, op.x_shape, activation, true});
    s.inputs.push_back({"weight", Role::input, dtype, op.weight_shape, weight});
    if (problem.direction == Direction::forward) {
      if (op.bias) s.inputs.push_back({"bias", Role::input, dtype, {op.out_features}, {.deviation = 0.5}});
      s.outputs.push_back({"y", Role::output, dtype, op.y_shape, {}, true, sums_are_exact(op.in_features, product)});
      return s;
    }
    s.inputs.push_back({"g_y", Role::gradient, dtype, op.y_shape, {}, true});
    s.outputs.push_back({"d_x", Role::output, dtype, op.x_shape, {}, true, sums_are_exact(op.out_features, product)});
    s.outputs.push_back(
        {"d_weight", Role::output, dtype, op.weight_shape, {}, false, sums_are_exact(op.rows, product)});
    if (op.bias)
      s.outputs.push_back(
          {"d_bias", Role::output, dtype, {op.out_features}, {}, false, sums_are_exact(op.rows, limit)});
    return s;
  }

  /// Two operations per product; every tensor moves once.
  Cost cost(const Problem& problem) const override {
    const Linear op(problem);
    const auto rows = static_cast<double>(op.rows), in = static_cast<double>(op.in_features),
               out = static_cast<double>(op.out_features), size = static_cast<double>(size_in_bytes(problem.dtype));
    const double bias = op.bias ? out : 0.0, tensors = rows * in + out * in + rows * out;
    if (problem.direction == Direction::forward) return {2 * rows * in * out + rows * bias, (tensors + bias) * size};
    return {4 * rows * in * out + rows * bias, (tensors + rows * in + out * in + bias) * size};
  }

  std::vector<Fault> faults(const Problem& problem) const override { return linear_faults(problem); }

  std::vector<Equivalence> equivalences() const override {
    return {{"tf32_operands",
             {DType::f16, DType::bf16},
             "tf32 holds 11 bits of significand and the exponents of float32: every f16 and bf16 number is one already",
             {}}};
  }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }
};

}  // namespace

const Operator& linear_operator() {
  static const LinearOperator instance;
  return instance;
}

}  // namespace lockstep
