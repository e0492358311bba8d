// SPDX-License-Identifier: Apache-2.0
#include "reference/clip_grad_value.hpp"

#include <cmath>

#include "harness/data/error.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/exact_scale.hpp"
#include "reference/operators.hpp"

namespace lockstep {

ClipGradValue::ClipGradValue(const Problem& problem) : gradients(problem) {
  if (!problem.parameters.has("clip_value"))
    throw Refused("clip_grad_value_() missing 1 required positional argument: 'clip_value'");
  clip_value = problem.parameters.real("clip_value", clip_value);
}

namespace {

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : limit_(ClipGradValue(problem).clip_value),
        gradients_(in),
        upper_(held_constant<T>(limit_)),
        lower_(held_constant<T>(-limit_)) {}

  T element(std::size_t output, std::int64_t index) const {
    const T grad = gradients_[output][index];
    const double value = value_of(grad);
    if (std::isnan(value)) return grad;
    if (!(limit_ >= 0) || value > limit_) return upper_;
    return value < -limit_ ? lower_ : grad;
  }

 private:
  double limit_;
  Operands<T> gradients_;
  T upper_, lower_;
};

/// What a wrong clip makes of an element.
using WrongClip = double (*)(double grad, double limit);

Fault wrong_clip(std::string id, std::string description, WrongClip clip) {
  return {std::move(id), std::move(description), [clip](const Problem& problem, const std::vector<Values>& in) {
            return std::make_unique<WrongAnswer>(
                [limit = ClipGradValue(problem).clip_value, &in, clip](std::size_t output, std::int64_t i) {
                  return clip(in[output][i], limit);
                });
          }};
}

class ClipGradValueOperator final : public FormulaOperator<Forward> {
 public:
  std::string_view name() const override { return "clip_grad_value"; }

  Signature signature(const Problem& problem) const override {
    const ClipGradValue op(problem);
    // A bound that float does not hold may be rounded twice on its way to 16 bits.
    const bool exact =
        problem.dtype == DType::f32 || static_cast<double>(static_cast<float>(op.clip_value)) == op.clip_value;
    Signature s;
    for (std::size_t k = 0; k < op.gradients.size(); ++k) {
      const Shape& shape = op.gradients.shape(k);
      s.inputs.push_back({op.gradients.input(k), Role::input, problem.dtype, shape, {.takes_special = true}, true});
      s.outputs.push_back({op.gradients.output(k), Role::output, problem.dtype, shape, {}, true, exact});
    }
    return s;
  }

  /// Two comparisons per element; bytes: every element in and out.
  Cost cost(const Problem& problem) const override {
    const auto n = static_cast<double>(ClipGradValue(problem).gradients.count());
    return {2 * n, 2 * n * static_cast<double>(size_in_bytes(problem.dtype))};
  }

  std::vector<Fault> faults(const Problem&) const override {
    return {wrong_clip("not_clipped_below", "nothing is clipped at -clip_value",
                       [](double grad, double limit) { return grad > limit ? limit : grad; }),
            wrong_clip("not_clipped_above", "nothing is clipped at clip_value",
                       [](double grad, double limit) { return grad < -limit ? -limit : grad; }),
            wrong_clip("sign_lost", "what is clipped becomes clip_value whatever its sign",
                       [](double grad, double limit) { return std::abs(grad) > limit ? limit : grad; }),
            wrong_clip("zeroed", "what is out of range becomes 0",
                       [](double grad, double limit) { return std::abs(grad) > limit ? 0.0 : grad; }),
            wrong_clip("nan_becomes_bound", "a NaN is clipped, as by fmin and fmax",
                       [](double grad, double limit) { return std::fmin(std::fmax(grad, -limit), limit); })};
  }

  std::vector<Fill> fills() const override { return {Fill::normal, Fill::exact, Fill::adversarial, Fill::special}; }
};

}  // namespace

const Operator& clip_grad_value_operator() {
  static const ClipGradValueOperator instance;
  return instance;
}

}  // namespace lockstep
