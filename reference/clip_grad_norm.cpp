// SPDX-License-Identifier: Apache-2.0
#include "reference/clip_grad_norm.hpp"

#include <cmath>

#include "harness/data/error.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/clip_grad_norm_faults.hpp"
#include "reference/exact_scale.hpp"
#include "reference/operators.hpp"
#include "reference/python_text.hpp"
#include "reference/vector_norm.hpp"

namespace lockstep {

ClipGradNorm::ClipGradNorm(const Problem& problem) : gradients(problem) {
  const Parameters& given = problem.parameters;
  if (!given.has("max_norm")) throw Refused("clip_grad_norm_() missing 1 required positional argument: 'max_norm'");
  max_norm = given.real("max_norm", max_norm);
  norm_type = given.real("norm_type", norm_type);
  error_if_nonfinite = given.boolean("error_if_nonfinite", error_if_nonfinite);
  for (std::size_t k = 0; k < gradients.size(); ++k)
    if (norm_type == HUGE_VAL && element_count(gradients.shape(k)) == 0)
      throw Refused(
          "max(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the "
          "'dim' argument.");
}

namespace {

template <class T>
T total_norm(const ClipGradNorm& op, const Operands<T>& gradients) {
  std::vector<T> norms;
  for (const Operand<T>& gradient : gradients)
    norms.push_back(vector_norm<T>(
        gradient.count(), [&](std::int64_t i) { return gradient[i]; }, op.norm_type));
  return vector_norm<T>(
      static_cast<std::int64_t>(norms.size()), [&](std::int64_t k) { return norms[static_cast<std::size_t>(k)]; },
      op.norm_type);
}

template <class T>
T clamped_to_one(const T& coefficient) {
  return value_of(coefficient) > 1 ? T(1.0) : coefficient;
}

/// Where the error leaves open whether it is clamped, the error stays.
template <class T>
requires std::same_as<T, Tracked> Tracked clamped_to_one(const Tracked& coefficient) {
  if (!(coefficient.value > 1)) return coefficient;
  if (coefficient.value - coefficient.bound > 1) return {1.0};
  return {1.0, coefficient.bound, coefficient.spread, coefficient.common};
}

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in) : gradients_(in) {
    const ClipGradNorm op(problem);
    total_norm_ = total_norm(op, in);
    const double norm = value_of(total_norm_);
    // What an infinite norm divides has no error, though the norm's own has no number.
    coefficient_ = std::isinf(norm) ? T(op.max_norm / norm)
                                    : shared(clamped_to_one<T>(held_constant<T>(op.max_norm) /
                                                               (total_norm_ + rounded_constant<T>(kClipNormEpsilon))));
  }

  /// Outputs: the clipped gradients, then total_norm.
  T element(std::size_t output, std::int64_t index) const {
    return output == gradients_.size() ? total_norm_ : gradients_[output][index] * coefficient_;
  }

 private:
  Operands<T> gradients_;
  T total_norm_, coefficient_;
};

class ClipGradNormOperator final : public FormulaOperator<Forward> {
 public:
  std::string_view name() const override { return "clip_grad_norm"; }

  Signature signature(const Problem& problem) const override {
    const ClipGradNorm op(problem);
    const DType dtype = problem.dtype, norm = dtype == DType::f64 ? DType::f64 : DType::f32;
    // Gradients are small: their norm must not hide the 1e-6 beside it.
    const FillRange gradient{.deviation = 0.01, .adversarial_limit = 1.0, .takes_special = true};
    Signature s;
    for (std::size_t k = 0; k < op.gradients.size(); ++k) {
      s.inputs.push_back({op.gradients.input(k), Role::input, dtype, op.gradients.shape(k), gradient, true});
      s.outputs.push_back({op.gradients.output(k), Role::output, dtype, op.gradients.shape(k), {}, true});
    }
    const bool exact = std::isinf(op.norm_type) || op.norm_type == 0 ||
                       (op.norm_type == 1 && op.gradients.count() < (std::int64_t{1} << 21));
    s.outputs.push_back({"total_norm", Role::output, norm, {}, {}, false, exact});
    return s;
  }

  void check_inputs(const Problem& problem, const std::vector<Values>& inputs) const override {
    const ClipGradNorm op(problem);
    if (!op.error_if_nonfinite || std::isfinite(total_norm(op, operands_of<double>(inputs)))) return;
    throw Refused("The total norm of order " + python_text(op.norm_type) +
                  " for gradients from `parameters` is non-finite, so it cannot be clipped. To disable this error and "
                  "scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`");
  }

  /// A product and a sum for the norm and a product for the clipping; bytes: gradients are read twice, for their norm is
  /// known only behind the last, and written once.
  Cost cost(const Problem& problem) const override {
    const auto n = static_cast<double>(ClipGradNorm(problem).gradients.count());
    return {3 * n, 3 * n * static_cast<double>(size_in_bytes(problem.dtype)) + 4};
  }

  std::vector<Fault> faults(const Problem& problem) const override { return clip_grad_norm_faults(problem); }
  std::vector<Equivalence> equivalences() const override {
    return {{"eps_forgotten",
             {DType::f16, DType::bf16},
             "1e-6 beside a norm of 1e-2 or more is less than half a unit of a 16-bit number",
             {}}};
  }

  std::vector<Fill> fills() const override { return {Fill::normal, Fill::exact, Fill::adversarial, Fill::special}; }
};

}  // namespace

const Operator& clip_grad_norm_operator() {
  static const ClipGradNormOperator instance;
  return instance;
}

}  // namespace lockstep
