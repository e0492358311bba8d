// SPDX-License-Identifier: Apache-2.0
#include "reference/add.hpp"

#include <algorithm>
#include <cmath>

#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/add_faults.hpp"
#include "reference/broadcast.hpp"
#include "reference/exact_scale.hpp"
#include "reference/operators.hpp"

namespace lockstep {

Add::Add(const Problem& problem)
    : a(problem.shape("a")),
      b(problem.shape("b")),
      y(broadcast_shape(a, b)),
      alpha(problem.parameters.real("alpha", 1.0)) {}

std::int64_t Add::copies(const Shape& operand) const {
  const std::int64_t own = element_count(operand);
  return own == 0 ? 0 : element_count(y) / own;
}

bool Add::is_exact_on_integers() const { return std::abs(alpha) <= 256 && std::nearbyint(256 * alpha) == 256 * alpha; }

namespace {

/// alpha times a value; alpha as an implementation holds it, in the precision of its arithmetic.
template <class T>
class Scale {
 public:
  explicit Scale(double alpha) : alpha_(alpha), held_(held_constant<T>(alpha)) {}
  T operator()(const T& value) const {
    if (alpha_ == 1.0) return value;
    return is_power_of_two(alpha_) ? times_power_of_two(value, alpha_) : held_ * value;
  }

 private:
  double alpha_;
  T held_;
};

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : op_(problem),
        scale_(op_.alpha),
        a_(in[0]),
        b_(in[1]),
        a_strides_(broadcast_strides(op_.a, op_.y)),
        b_strides_(broadcast_strides(op_.b, op_.y)) {}

  T element(std::size_t, std::int64_t index) const {
    if (op_.a == op_.b) return a_[index] + scale_(b_[index]);
    return a_[offset_of(index, op_.y, a_strides_)] + scale_(b_[offset_of(index, op_.y, b_strides_)]);
  }

 private:
  Add op_;
  Scale<T> scale_;
  Operand<T> a_, b_;
  Strides a_strides_, b_strides_;
};

template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in)
      : op_(problem), scale_(op_.alpha), g_(in[0]), copies_{{op_.a, op_.y}, {op_.b, op_.y}} {}

  /// Outputs: d_a, d_b.
  T element(std::size_t output, std::int64_t index) const {
    const BroadcastCopies& copies = copies_[output];
    const std::int64_t first = copies.first(index);
    // One term is a copy: no addition, not even of zero.
    const T total = copies.count() == 1
                        ? g_[first]
                        : sum<T>(copies.count(), [&](std::int64_t k) { return g_[first + copies.distance(k)]; });
    return output == 0 ? total : scale_(total);
  }

 private:
  Add op_;
  Scale<T> scale_;
  Operand<T> g_;
  BroadcastCopies copies_[2];
};

class AddOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "add"; }

  Signature signature(const Problem& problem) const override {
    const Add op(problem);
    const DType dtype = problem.dtype;
    const FillRange activation{.moves_with_offset = true, .takes_special = true};
    Signature s;
    if (problem.direction == Direction::forward) {
      s.inputs.push_back({"a", Role::input, dtype, op.a, activation, true});
      s.inputs.push_back({"b", Role::input, dtype, op.b, activation, true});
      s.outputs.push_back({"y", Role::output, dtype, op.y, {}, true, op.is_exact_on_integers()});
      return s;
    }
    const std::int64_t longest = std::max(op.copies(op.a), op.copies(op.b));
    // Sums of integers stay exact in f32 below 2^24.
    const FillRange gradient{.exact_limit = longest < 1 << 20 ? 8 : 1, .takes_special = true};
    const bool exact = longest < 1 << 23;
    s.inputs.push_back({"g_y", Role::gradient, dtype, op.y, gradient, true});
    s.outputs.push_back({"d_a", Role::output, dtype, op.a, {}, true, exact});
    s.outputs.push_back({"d_b", Role::output, dtype, op.b, {}, true, exact && op.is_exact_on_integers()});
    return s;
  }

  /// One addition per element of y, and a product where alpha is not 1; each sum adds every element once. Bytes: every
  /// tensor once.
  Cost cost(const Problem& problem) const override {
    const Add op(problem);
    const auto of_a = static_cast<double>(element_count(op.a)), of_b = static_cast<double>(element_count(op.b)),
               of_y = static_cast<double>(element_count(op.y)),
               size = static_cast<double>(size_in_bytes(problem.dtype));
    const double bytes = (of_a + of_b + of_y) * size, scaled = op.alpha == 1.0 ? 0.0 : 1.0;
    if (problem.direction == Direction::forward) return {(1.0 + scaled) * of_y, bytes};
    return {(of_y - of_a) + (of_y - of_b) + scaled * of_b, bytes};
  }

  std::vector<Fault> faults(const Problem& problem) const override { return add_faults(problem); }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }
};

}  // namespace

const Operator& add_operator() {
  static const AddOperator instance;
  return instance;
}

}  // namespace lockstep
