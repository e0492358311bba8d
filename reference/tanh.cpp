// SPDX-License-Identifier: Apache-2.0
#include "reference/tanh.hpp"

#include <algorithm>
#include <cmath>

#include "harness/plan/formula_operator.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

template <class T>
class Forward {
 public:
  Forward(const Problem&, const Operands<T>& in) : x_(in[0]) {}
  T element(std::size_t, std::int64_t index) const {
    using std::tanh;
    return tanh(x_[index]);
  }

 private:
  Operand<T> x_;
};

template <class T>
class Backward {
 public:
  Backward(const Problem&, const Operands<T>& in) : x_(in[0]), g_(in[1]) {}
  T element(std::size_t, std::int64_t index) const {
    using std::tanh;
    const T y = tanh(x_[index]);
    return g_[index] * (T(1.0) - y * y);
  }

 private:
  Operand<T> x_, g_;
};

/// A wrong unit: its value and its slope at x.
struct WrongUnit {
  double (*value)(double x);
  double (*slope)(double x);
};

Fault wrong_unit(std::string id, std::string description, WrongUnit unit) {
  return {std::move(id), std::move(description), [unit](const Problem& problem, const std::vector<Values>& in) {
            const bool forward = problem.direction == Direction::forward;
            return std::make_unique<WrongAnswer>([&in, unit, forward](std::size_t, std::int64_t i) {
              return forward ? unit.value(in[0][i]) : in[1][i] * unit.slope(in[0][i]);
            });
          }};
}

double slope_at(double y) { return 1.0 - y * y; }

const WrongUnit kHalfArgument{[](double x) { return std::tanh(0.5 * x); },
                              [](double x) { return 0.5 * slope_at(std::tanh(0.5 * x)); }};
const WrongUnit kHardTanh{[](double x) { return std::isnan(x) ? x : std::clamp(x, -1.0, 1.0); },
                          [](double x) { return std::abs(x) > 1.0 ? 0.0 : 1.0; }};
const WrongUnit kEven{[](double x) { return std::abs(std::tanh(x)); },
                      [](double x) { return std::copysign(slope_at(std::tanh(x)), x); }};

/// The textbook quotient in single precision: e^2x overflows right of 44, and e^2x - 1 cancels at zero.
double quotient(double x) {
  const auto e = static_cast<float>(std::exp(2.0 * x));
  return (e - 1.0f) / (e + 1.0f);
}
const WrongUnit kQuotient{quotient, [](double x) { return slope_at(quotient(x)); }};

class TanhOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "tanh"; }

  Signature signature(const Problem& problem) const override {
    const Tanh op(problem);
    const FillRange activation{.deviation = 2.0, .takes_special = true};
    Signature s;
    s.inputs.push_back({"x", Role::input, problem.dtype, op.shape, activation, true});
    if (problem.direction == Direction::backward)
      s.inputs.push_back({"g_y", Role::gradient, problem.dtype, op.shape, {}, true});
    const char* output = problem.direction == Direction::forward ? "y" : "d_x";
    s.outputs.push_back({output, Role::output, problem.dtype, op.shape, {}, true});
    return s;
  }

  /// Operations per element are the instructions beyond a copy of a single-precision kernel (tanh 24); bytes: x, y (and
  /// g_y) once.
  Cost cost(const Problem& problem) const override {
    const auto n = static_cast<double>(Tanh(problem).count()), size = static_cast<double>(size_in_bytes(problem.dtype));
    if (problem.direction == Direction::forward) return {24 * n, 2 * n * size};
    return {26 * n, 3 * n * size};
  }

  std::vector<Fault> faults(const Problem& problem) const override {
    std::vector<Fault> faults{
        wrong_unit("half_argument", "tanh(x / 2), which is 2 sigmoid(x) - 1", kHalfArgument),
        wrong_unit("hard_tanh", "x clamped to [-1, 1]", kHardTanh),
        wrong_unit("sign_dropped", "a formula for x > 0 used on both sides", kEven),
        wrong_unit("quotient_of_exponentials", "(e^2x - 1) / (e^2x + 1) in single precision", kQuotient),
    };
    if (problem.direction == Direction::backward) {
      faults.push_back(
          wrong_unit("square_missing", "slope 1 - y", {nullptr, [](double x) { return 1.0 - std::tanh(x); }}));
      faults.push_back(wrong_unit("slope_of_the_input", "slope 1 - x^2, as if x were the result", {nullptr, slope_at}));
    }
    return faults;
  }

  std::vector<Fill> fills() const override { return {Fill::normal, Fill::exact, Fill::adversarial, Fill::special}; }
};

}  // namespace

const Operator& tanh_operator() {
  static const TanhOperator instance;
  return instance;
}

}  // namespace lockstep
