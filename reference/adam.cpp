// SPDX-License-Identifier: Apache-2.0
#include "reference/adam.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "harness/data/error.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/adam_faults.hpp"
#include "reference/exact_scale.hpp"
#include "reference/operators.hpp"
#include "reference/python_text.hpp"

namespace lockstep {
namespace {

/// Two numbers joined by x.
std::pair<double, double> read_betas(const Parameters& given, double beta1, double beta2) {
  if (!given.has("betas")) return {beta1, beta2};
  const std::string token = given.text("betas", "");
  const std::size_t middle = token.find('x');
  Parameters parts;
  parts.set("betas[0]", token.substr(0, middle));
  parts.set("betas[1]", middle == std::string::npos ? "" : token.substr(middle + 1));
  try {
    return {parts.real("betas[0]", 0), parts.real("betas[1]", 0)};
  } catch (const Error&) {
    throw Error("parameter betas=" + token + "; accepted: two numbers joined by x, such as 0.9x0.999");
  }
}

/// Not `value < 0`: a NaN is refused as well.
bool is_negative_or_nan(double value) { return !(value >= 0); }

}  // namespace

Adam::Adam(const Problem& problem) : shape(problem.shape("grad")) {
  const Parameters& given = problem.parameters;
  lr = given.real("lr", lr);
  std::tie(beta1, beta2) = read_betas(given, beta1, beta2);
  eps = given.real("eps", eps);
  weight_decay = given.real("weight_decay", weight_decay);
  amsgrad = given.boolean("amsgrad", amsgrad);
  maximize = given.boolean("maximize", maximize);
  decoupled_weight_decay = given.boolean("decoupled_weight_decay", decoupled_weight_decay);
  step = given.integer("step", step);
  if (is_negative_or_nan(lr)) throw Refused("Invalid learning rate: " + python_text(lr));
  if (is_negative_or_nan(eps)) throw Refused("Invalid epsilon value: " + python_text(eps));
  if (!(beta1 >= 0 && beta1 < 1)) throw Refused("Invalid beta parameter at index 0: " + python_text(beta1));
  if (!(beta2 >= 0 && beta2 < 1)) throw Refused("Invalid beta parameter at index 1: " + python_text(beta2));
  if (is_negative_or_nan(weight_decay)) throw Refused("Invalid weight_decay value: " + python_text(weight_decay));
  if (step < 1) throw Error("parameter step=" + given.text("step", "") + "; accepted: 1 or more");
  if (const Shape* p = problem.find_shape("p"); p && *p != shape)
    throw Refused("assigned grad has data of a different size");
}

double Adam::step_size() const { return lr / (1 - std::pow(beta1, static_cast<double>(step))); }
double Adam::root_correction() const { return std::sqrt(1 - std::pow(beta2, static_cast<double>(step))); }

namespace {

/// NaN where either is NaN.
template <class T>
T larger(const T& a, const T& b) {
  const double x = value_of(a), y = value_of(b);
  return y > x || std::isnan(y) ? b : a;
}

/// Where the errors leave open which is larger, the result has the larger error.
template <class T>
requires std::same_as<T, Tracked> Tracked larger(const Tracked& a, const Tracked& b) {
  const Tracked& winner = b.value > a.value || std::isnan(b.value) ? b : a;
  if (std::abs(a.value - b.value) > a.bound + b.bound) return winner;
  return {winner.value, std::max(a.bound, b.bound), std::max(a.spread, b.spread), std::max(a.common, b.common)};
}

/// The slope at 0 is infinite, which no derivative and no error survives.
template <class T>
T root(const T& x) {
  using std::sqrt;
  return value_of(x) == 0 ? T(0.0) : sqrt(x);
}

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : op_(problem),
        p_(in[0]),
        grad_(in[1]),
        exp_avg_(in[2]),
        exp_avg_sq_(in[3]),
        max_exp_avg_sq_(op_.amsgrad ? in[4] : Operand<T>()),
        beta1_(held_constant<T>(op_.beta1)),
        beta2_(held_constant<T>(op_.beta2)),
        rest1_(held_constant<T>(1 - op_.beta1)),
        rest2_(held_constant<T>(1 - op_.beta2)),
        weight_decay_(held_constant<T>(op_.weight_decay)),
        shrink_(held_constant<T>(1 - op_.lr * op_.weight_decay)),
        step_size_(held_constant<T>(op_.step_size())),
        root_correction_(held_constant<T>(op_.root_correction())),
        eps_(held_constant<T>(op_.eps)) {}

  /// Outputs: p_out, exp_avg_out, exp_avg_sq_out, max_exp_avg_sq_out.
  T element(std::size_t output, std::int64_t index) const {
    T p = p_[index];
    T g = op_.maximize ? -grad_[index] : grad_[index];
    if (op_.weight_decay != 0) {
      if (op_.decoupled_weight_decay)
        p = p * shrink_;
      else
        g = g + weight_decay_ * p;
    }
    const auto exp_avg = [&] { return beta1_ * exp_avg_[index] + rest1_ * g; };
    if (output == 1) return exp_avg();
    T second = beta2_ * exp_avg_sq_[index] + rest2_ * (g * g);
    if (output == 2) return second;
    if (op_.amsgrad) second = larger<T>(max_exp_avg_sq_[index], second);
    if (output == 3) return second;
    return p - step_size_ * (exp_avg() / (root(second) / root_correction_ + eps_));
  }

 private:
  Adam op_;
  Operand<T> p_, grad_, exp_avg_, exp_avg_sq_, max_exp_avg_sq_;
  T beta1_, beta2_, rest1_, rest2_, weight_decay_, shrink_, step_size_, root_correction_, eps_;
};

class AdamOperator final : public FormulaOperator<Forward> {
 public:
  std::string_view name() const override { return "adam"; }

  Signature signature(const Problem& problem) const override {
    const Adam op(problem);
    const DType dtype = problem.dtype, state = dtype == DType::f64 ? DType::f64 : DType::f32;
    // Weights are small against 1: else no step would show beside them in 16 bits.
    const FillRange weight{.deviation = 0.05, .takes_special = true}, gradient{.takes_special = true},
        first{.deviation = 0.3}, second{.deviation = 0.3, .exact_limit = 4, .positive = true};
    Signature s;
    s.inputs.push_back({"p", Role::input, dtype, op.shape, weight, true});
    s.inputs.push_back({"grad", Role::input, dtype, op.shape, gradient, true});
    s.inputs.push_back({"exp_avg", Role::input, state, op.shape, first, true});
    s.inputs.push_back({"exp_avg_sq", Role::input, state, op.shape, second, true});
    if (op.amsgrad) s.inputs.push_back({"max_exp_avg_sq", Role::input, state, op.shape, second, true});
    s.outputs.push_back({"p_out", Role::output, dtype, op.shape, {}, true});
    s.outputs.push_back({"exp_avg_out", Role::output, state, op.shape, {}, true});
    s.outputs.push_back({"exp_avg_sq_out", Role::output, state, op.shape, {}, true});
    if (op.amsgrad) s.outputs.push_back({"max_exp_avg_sq_out", Role::output, state, op.shape, {}, true});
    return s;
  }

  /// Operations: 12 of the moments and the step, 2 of the decay, 1 of the maximum; bytes: every tensor once.
  Cost cost(const Problem& problem) const override {
    const Adam op(problem);
    const auto n = static_cast<double>(op.count()), size = static_cast<double>(size_in_bytes(problem.dtype));
    const double flops = 12 + (op.weight_decay != 0 ? 2 : 0) + (op.amsgrad ? 1 : 0);
    return {flops * n, (3 * size + (op.amsgrad ? 24 : 16)) * n};
  }

  std::vector<Fault> faults(const Problem& problem) const override { return adam_faults(problem); }

  std::vector<Fill> fills() const override { return {Fill::normal, Fill::exact, Fill::adversarial, Fill::special}; }
};

}  // namespace

const Operator& adam_operator() {
  static const AdamOperator instance;
  return instance;
}

}  // namespace lockstep
