// SPDX-License-Identifier: Apache-2.0
#include "reference/gelu.hpp"

#include <cmath>
#include <numbers>

#include "harness/data/error.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/exact_scale.hpp"
#include "reference/operators.hpp"

namespace lockstep {

Gelu::Gelu(const Problem& problem) : shape(problem.shape("x")) {
  const std::string approximate = problem.parameters.text("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    throw Refused("approximate argument must be either none or tanh.");
  tanh_form = approximate == "tanh";
}

namespace {

constexpr double kCubic = 0.044715;
const double kRootTwoOverPi = std::sqrt(2.0 * std::numbers::inv_pi);
const double kRootTwoPi = std::sqrt(2.0 * std::numbers::pi);

template <class T>
T half(const T& x) {
  return times_power_of_two(x, 0.5);
}

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in) : tanh_form_(Gelu(problem).tanh_form), x_(in[0]) {}

  T element(std::size_t, std::int64_t index) const {
    using std::erf;
    using std::tanh;
    const T x = x_[index];
    if (tanh_form_) return half(x) * (T(1.0) + tanh(root_two_over_pi_ * (x + cubic_ * (x * x * x))));
    return half(x) * (T(1.0) + erf(x * root_half_));
  }

 private:
  bool tanh_form_;
  Operand<T> x_;
  T root_half_ = rounded_constant<T>(std::sqrt(0.5)), root_two_over_pi_ = rounded_constant<T>(kRootTwoOverPi),
    cubic_ = rounded_constant<T>(kCubic);
};

template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in) : tanh_form_(Gelu(problem).tanh_form), x_(in[0]), g_(in[1]) {}

  T element(std::size_t, std::int64_t index) const {
    return g_[index] * (tanh_form_ ? slope_of_tanh_form(x_[index]) : slope_of_erf_form(x_[index]));
  }

 private:
  T slope_of_erf_form(const T& x) const {
    using std::erf;
    using std::exp;
    const T distribution = half(T(T(1.0) + erf(x * root_half_)));
    const T density = exp(half(-x) * x) * density_at_zero_;
    return distribution + x * density;
  }
  T slope_of_tanh_form(const T& x) const {
    using std::tanh;
    const T t = tanh(root_two_over_pi_ * (x + cubic_ * (x * x * x)));
    const T argument_slope = root_two_over_pi_ * (T(1.0) + three_cubic_ * (x * x));
    return half(T(T(1.0) + t)) + half(x) * (T(1.0) - t * t) * argument_slope;
  }

  bool tanh_form_;
  Operand<T> x_, g_;
  T root_half_ = rounded_constant<T>(std::sqrt(0.5)), density_at_zero_ = rounded_constant<T>(1.0 / kRootTwoPi),
    root_two_over_pi_ = rounded_constant<T>(kRootTwoOverPi), cubic_ = rounded_constant<T>(kCubic),
    three_cubic_ = rounded_constant<T>(3.0 * kCubic);
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

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double distribution(double x) { return 0.5 * (1.0 + std::erf(x * std::sqrt(0.5))); }

constexpr double kSigmoidScale = 1.702;
const WrongUnit kSigmoidForm{[](double x) { return x * sigmoid(kSigmoidScale * x); },
                             [](double x) {
                               const double s = sigmoid(kSigmoidScale * x);
                               return s + kSigmoidScale * x * s * (1.0 - s);
                             }};
const WrongUnit kUnscaledArgument{
    [](double x) { return 0.5 * x * (1.0 + std::erf(x)); },
    [](double x) { return 0.5 * (1.0 + std::erf(x)) + x * std::exp(-x * x) * std::numbers::inv_sqrtpi; }};

std::unique_ptr<Evaluator<double>> other_form(const Problem& problem, const std::vector<Values>& in) {
  Problem changed = problem;
  changed.parameters.set("approximate", Gelu(problem).tanh_form ? "none" : "tanh");
  return evaluate_as<Forward, Backward>(changed, in);
}

class GeluOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "gelu"; }

  Signature signature(const Problem& problem) const override {
    const Gelu op(problem);
    // Wide enough to reach the tail on the left, where the forms differ most and the sum cancels.
    const FillRange activation{.deviation = 2.0, .takes_special = true};
    Signature s;
    s.inputs.push_back({"x", Role::input, problem.dtype, op.shape, activation, true});
    if (problem.direction == Direction::backward)
      s.inputs.push_back({"g_y", Role::gradient, problem.dtype, op.shape, {}, true});
    const char* output = problem.direction == Direction::forward ? "y" : "d_x";
    s.outputs.push_back({output, Role::output, problem.dtype, op.shape, {}, true});
    return s;
  }

  /// Operations per element are the instructions beyond a copy of a single-precision kernel (erf 28, tanh 24, exp 18);
  /// bytes: x, y (and g_y) once.
  Cost cost(const Problem& problem) const override {
    const Gelu op(problem);
    const auto n = static_cast<double>(op.count()), size = static_cast<double>(size_in_bytes(problem.dtype));
    if (problem.direction == Direction::forward) return {(op.tanh_form ? 31 : 30) * n, 2 * n * size};
    return {(op.tanh_form ? 38 : 54) * n, 3 * n * size};
  }

  std::vector<Fault> faults(const Problem& problem) const override {
    std::vector<Fault> faults;
    if (Gelu(problem).tanh_form) {
      faults.push_back({"erf_for_tanh", "the erf form where the tanh form was asked for", other_form});
    } else {
      faults.push_back({"tanh_for_erf", "the tanh form where the erf form was asked for", other_form});
      faults.push_back(wrong_unit("unscaled_argument", "erf(x) instead of erf(x / sqrt 2)", kUnscaledArgument));
    }
    faults.push_back(wrong_unit("sigmoid_form", "x sigmoid(1.702 x)", kSigmoidForm));
    if (problem.direction == Direction::backward)
      faults.push_back(
          wrong_unit("density_missing", "the gradient without its term x phi(x)", {nullptr, distribution}));
    return faults;
  }

  std::vector<Fill> fills() const override { return {Fill::normal, Fill::exact, Fill::adversarial, Fill::special}; }
};

}  // namespace

const Operator& gelu_operator() {
  static const GeluOperator instance;
  return instance;
}

}  // namespace lockstep
