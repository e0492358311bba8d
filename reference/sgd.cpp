// SPDX-License-Identifier: Apache-2.0
#include "reference/sgd.hpp"

#include <cmath>

#include "harness/data/error.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/exact_scale.hpp"
#include "reference/operators.hpp"
#include "reference/python_text.hpp"
#include "reference/sgd_faults.hpp"

namespace lockstep {

Sgd::Sgd(const Problem& problem) : shape(problem.shape("grad")) {
  const Parameters& given = problem.parameters;
  if (!given.has("lr")) throw Refused("parameter group didn't specify a value of required optimization parameter lr");
  lr = given.real("lr", lr);
  momentum = given.real("momentum", momentum);
  dampening = given.real("dampening", dampening);
  weight_decay = given.real("weight_decay", weight_decay);
  nesterov = given.boolean("nesterov", nesterov);
  maximize = given.boolean("maximize", maximize);
  first_step = given.boolean("first_step", first_step);
  if (lr < 0) throw Refused("Invalid learning rate: " + python_text(lr));
  if (momentum < 0) throw Refused("Invalid momentum value: " + python_text(momentum));
  if (weight_decay < 0) throw Refused("Invalid weight_decay value: " + python_text(weight_decay));
  if (nesterov && (momentum <= 0 || dampening != 0))
    throw Refused("Nesterov momentum requires a momentum and zero dampening");
  if (const Shape* p = problem.find_shape("p"); p && *p != shape)
    throw Refused("assigned grad has data of a different size");
}

bool Sgd::is_exact_on_integers() const {
  for (const double factor : {lr, momentum, 1 - dampening, weight_decay})
    if (!(std::abs(factor) <= 1) || std::nearbyint(16 * factor) != 16 * factor) return false;
  return true;
}

namespace {

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : op_(problem),
        p_(in[0]),
        grad_(in[1]),
        buffer_(op_.reads_buffer() ? in[2] : Operand<T>()),
        lr_(held_constant<T>(op_.lr)),
        momentum_(held_constant<T>(op_.momentum)),
        undamped_(held_constant<T>(1 - op_.dampening)),
        weight_decay_(held_constant<T>(op_.weight_decay)) {}

  /// Outputs: p_out, momentum_buffer_out.
  T element(std::size_t output, std::int64_t index) const {
    const T p = p_[index];
    T g = op_.maximize ? -grad_[index] : grad_[index];
    if (op_.weight_decay != 0) g = g + weight_decay_ * p;
    if (!op_.has_buffer()) return p - lr_ * g;
    const T buffer = buffer_ ? momentum_ * buffer_[index] + (op_.dampening != 0 ? undamped_ * g : g) : g;
    if (output == 1) return buffer;
    return p - lr_ * (op_.nesterov ? g + momentum_ * buffer : buffer);
  }

 private:
  Sgd op_;
  Operand<T> p_, grad_, buffer_;
  T lr_, momentum_, undamped_, weight_decay_;
};

class SgdOperator final : public FormulaOperator<Forward> {
 public:
  std::string_view name() const override { return "sgd"; }

  Signature signature(const Problem& problem) const override {
    const Sgd op(problem);
    const DType dtype = problem.dtype, state = dtype == DType::f64 ? DType::f64 : DType::f32;
    const FillRange values{.takes_special = true}, buffer{.deviation = 3.0};
    const bool exact = op.is_exact_on_integers();
    Signature s;
    s.inputs.push_back({"p", Role::input, dtype, op.shape, values, true});
    s.inputs.push_back({"grad", Role::input, dtype, op.shape, values, true});
    if (op.reads_buffer()) s.inputs.push_back({"momentum_buffer", Role::input, state, op.shape, buffer, true});
    s.outputs.push_back({"p_out", Role::output, dtype, op.shape, {}, true, exact});
    if (op.has_buffer()) s.outputs.push_back({"momentum_buffer_out", Role::output, state, op.shape, {}, true, exact});
    return s;
  }

  /// Operations: a product and a sum for each term; bytes: every tensor once.
  Cost cost(const Problem& problem) const override {
    const Sgd op(problem);
    const auto n = static_cast<double>(op.count()), size = static_cast<double>(size_in_bytes(problem.dtype));
    const double flops = 2 + (op.weight_decay != 0 ? 2 : 0) + (op.reads_buffer() ? 3 : 0) + (op.nesterov ? 2 : 0);
    const double state = (op.has_buffer() ? 4 : 0) + (op.reads_buffer() ? 4 : 0);
    return {flops * n, (3 * size + state) * n};
  }

  std::vector<Fault> faults(const Problem& problem) const override { return sgd_faults(problem); }

  std::vector<Fill> fills() const override { return {Fill::normal, Fill::exact, Fill::adversarial, Fill::special}; }
};

}  // namespace

const Operator& sgd_operator() {
  static const SgdOperator instance;
  return instance;
}

}  // namespace lockstep
