// SPDX-License-Identifier: Apache-2.0
#include "reference/relu.hpp"

#include <cmath>

#include "harness/plan/formula_operator.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

/// Whether the unit passes its input on. Written so that a NaN passes, as in PyTorch.
template <class T>
bool is_open(const T& x) {
  return !(value_of(x) <= 0.0);
}

template <class T>
class Forward {
 public:
  Forward(const Problem&, const Operands<T>& in) : x_(in[0]) {}
  T element(std::size_t, std::int64_t index) const {
    const T x = x_[index];
    return is_open(x) ? x : T(0.0);
  }

 private:
  Operand<T> x_;
};

template <class T>
class Backward {
 public:
  Backward(const Problem&, const Operands<T>& in) : x_(in[0]), g_(in[1]) {}
  T element(std::size_t, std::int64_t index) const { return is_open(x_[index]) ? g_[index] : T(0.0); }

 private:
  Operand<T> x_, g_;
};

/// What a wrong unit makes of `x` and the number it lets through: x itself, or the gradient.
using WrongUnit = double (*)(double x, double passed);

Fault wrong_unit(std::string id, std::string description, WrongUnit unit) {
  return {std::move(id), std::move(description), [unit](const Problem&, const std::vector<Values>& in) {
            return std::make_unique<WrongAnswer>(
                [&in, unit](std::size_t, std::int64_t i) { return unit(in[0][i], in.back()[i]); });
          }};
}

class ReluOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "relu"; }

  Signature signature(const Problem& problem) const override {
    const Relu op(problem);
    // A narrow range of integers makes zeros common, where the two conventions for the gradient differ.
    const FillRange activation{.exact_limit = 2, .moves_with_offset = true, .takes_special = true};
    Signature s;
    s.inputs.push_back({"x", Role::input, problem.dtype, op.shape, activation, true});
    if (problem.direction == Direction::backward)
      s.inputs.push_back({"g_y", Role::gradient, problem.dtype, op.shape, {}, true});
    const char* output = problem.direction == Direction::forward ? "y" : "d_x";
    s.outputs.push_back({output, Role::output, problem.dtype, op.shape, {}, true, true});
    return s;
  }

  /// One comparison per element; bytes: x, y (and g_y) once.
  Cost cost(const Problem& problem) const override {
    const auto n = static_cast<double>(Relu(problem).count()), size = static_cast<double>(size_in_bytes(problem.dtype));
    return {n, (problem.direction == Direction::forward ? 2 : 3) * n * size};
  }

  std::vector<Fault> faults(const Problem& problem) const override {
    std::vector<Fault> faults{
        wrong_unit("leaky_slope", "slope 0.01 below zero instead of 0",
                   [](double x, double passed) { return x <= 0 ? 0.01 * passed : passed; }),
        wrong_unit("absolute_value", "the sign is dropped instead of the negative half",
                   [](double x, double passed) { return x <= 0 ? -passed : passed; }),
        wrong_unit("nan_becomes_zero", "a NaN counts as negative, as in fmax(x, 0)",
                   [](double x, double passed) { return x > 0 ? passed : 0.0; }),
    };
    if (problem.direction == Direction::backward)
      faults.push_back(wrong_unit("gradient_at_zero", "gradient 1 instead of 0 at x = 0",
                                  [](double x, double passed) { return x < 0 ? 0.0 : passed; }));
    return faults;
  }

  std::vector<Fill> fills() const override { return {Fill::normal, Fill::exact, Fill::adversarial, Fill::special}; }
};

}  // namespace

const Operator& relu_operator() {
  static const ReluOperator instance;
  return instance;
}

}  // namespace lockstep
