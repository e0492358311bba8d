// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/formula_operator.hpp"

namespace lockstep::testing {
namespace {

template <class T>
class RectifierForward {
 public:
  RectifierForward(const Problem&, const Operands<T>& in) : x_(in[0]) {}
  T element(std::size_t, std::int64_t index) const { return x_[index] < T(0.0) ? T(0.0) : x_[index]; }

 private:
  Operand<T> x_;
};

/// max(x, 0) under the name that testing/outside_behaviour.cpp computes, since the harness sees no operator of the tree.
class RectifierOperator final : public FormulaOperator<RectifierForward> {
 public:
  std::string_view name() const override { return "relu"; }
  Signature signature(const Problem& problem) const override {
    if (problem.shape("x").empty()) throw Refused("relu(): a scalar is refused for the test's sake");
    Signature s;
    s.inputs.push_back({"x", Role::input, problem.dtype, problem.shape("x"), {}, true});
    s.outputs.push_back({"y", Role::output, problem.dtype, problem.shape("x"), {}, true});
    return s;
  }
  Cost cost(const Problem&) const override { return {}; }
  std::vector<Fault> faults(const Problem&) const override { return {}; }
};

}  // namespace
}  // namespace lockstep::testing
