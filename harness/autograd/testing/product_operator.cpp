// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/testing/product_operator.hpp"

#include "harness/plan/formula_operator.hpp"

namespace lockstep {
namespace {

template <class T>
class Forward {
 public:
  Forward(const Problem&, const Operands<T>& in) : a_(in[0]), b_(in[1]) {}
  T element(std::size_t, std::int64_t i) const { return a_[i] * a_[i] * b_[i]; }

 private:
  Operand<T> a_, b_;
};

template <class T>
class Backward {
 public:
  Backward(const Problem&, const Operands<T>& in) : a_(in[0]), b_(in[1]), g_(in[2]) {}
  T element(std::size_t output, std::int64_t i) const {
    return output == 0 ? T(2.0) * a_[i] * b_[i] * g_[i] : a_[i] * a_[i] * g_[i];
  }

 private:
  Operand<T> a_, b_, g_;
};

class SquareProduct final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "square_product"; }
  Signature signature(const Problem& problem) const override {
    const Shape& shape = problem.shape("a");
    Signature s;
    s.inputs = {{"a", Role::input, problem.dtype, shape, {}, false},
                {"b", Role::input, problem.dtype, shape, {}, false}};
    if (problem.direction == Direction::forward) {
      s.outputs = {{"y", Role::output, problem.dtype, shape, {}, false}};
    } else {
      s.inputs.push_back({"g_y", Role::gradient, problem.dtype, shape, {}, false});
      s.outputs = {{"d_a", Role::output, problem.dtype, shape, {}, false},
                   {"d_b", Role::output, problem.dtype, shape, {}, false}};
    }
    return s;
  }
  Cost cost(const Problem&) const override { return {}; }
  std::vector<Fault> faults(const Problem&) const override { return {}; }
};

}  // namespace

const Operator& square_product_operator() {
  static const SquareProduct instance;
  return instance;
}

}  // namespace lockstep
