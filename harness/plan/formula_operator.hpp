// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <type_traits>

#include "harness/data/error.hpp"
#include "harness/plan/operator.hpp"

namespace lockstep {

/// Makes an Evaluator<T> of a formula: a class with a constructor (const Problem&, Operands<T>) and
/// `T element(std::size_t output, std::int64_t index) const`.
template <class T, class Formula>
class FormulaEvaluator final : public Evaluator<T> {
 public:
  FormulaEvaluator(const Problem& problem, const Operands<T>& inputs) : formula_(problem, inputs) {}
  T element(std::size_t output, std::int64_t index) const override { return formula_.element(output, index); }

 private:
  Formula formula_;
};

/// In the place of a backward: the operator is forward only.
template <class T>
struct NoBackward {};

template <template <class> class Backward>
inline constexpr bool kIsBackward = !std::is_same_v<Backward<double>, NoBackward<double>>;

/// The formula of the problem's direction. Throws Error where there is none.
template <class T, template <class> class Forward, template <class> class Backward, class Unit = Forward<double>>
std::unique_ptr<Evaluator<T>> make_evaluator(const Problem& problem, const Operands<T>& inputs) {
  if (problem.direction == Direction::forward)
    return std::make_unique<FormulaEvaluator<T, Forward<T>>>(problem, inputs);
  if constexpr (kIsBackward<Backward>)
    return std::make_unique<FormulaEvaluator<T, Backward<T>>>(problem, inputs);
  else
    throw Error(problem.operation() + ": " + problem.operator_name + " has no backward; accepted: forward");
}

/// An operator whose forward and backward are each written once, as class templates over the scalar type. Instantiated here
/// with every scalar the harness needs: see DESIGN 1.1. Without a backward only the forward exists, and asking for the other
/// throws Error.
///
/// `Unit` makes the class local to the file whose anonymous namespace holds the formulas: for template template arguments
/// alone GCC 12 emits weak symbols, and the linker would take two operators that both say `Forward` for one.
template <template <class> class Forward, template <class> class Backward = NoBackward, class Unit = Forward<double>>
class FormulaOperator : public Operator {
 public:
  bool has_backward() const override { return kIsBackward<Backward>; }
  std::unique_ptr<Evaluator<double>> in_double(const Problem& p, const Operands<double>& in) const override {
    return make<double>(p, in);
  }
  std::unique_ptr<Evaluator<float>> in_float(const Problem& p, const Operands<float>& in) const override {
    return make<float>(p, in);
  }
  std::unique_ptr<Evaluator<Tracked>> tracked(const Problem& p, const Operands<Tracked>& in) const override {
    return make<Tracked>(p, in);
  }
  std::unique_ptr<Evaluator<Dual<double>>> in_dual(const Problem& p, const Operands<Dual<double>>& in) const override {
    return make<Dual<double>>(p, in);
  }
  std::unique_ptr<Evaluator<Dual<Dual<double>>>> in_second_dual(const Problem& p,
                                                                const Operands<Dual<Dual<double>>>& in) const override {
    return make<Dual<Dual<double>>>(p, in);
  }
  std::unique_ptr<Evaluator<LowPrecision<DType::bf16>>> in_bfloat16(
      const Problem& p, const Operands<LowPrecision<DType::bf16>>& in) const override {
    return make<LowPrecision<DType::bf16>>(p, in);
  }

 private:
  template <class T>
  static std::unique_ptr<Evaluator<T>> make(const Problem& problem, const Operands<T>& inputs) {
    return make_evaluator<T, Forward, Backward>(problem, inputs);
  }
};

/// The fault of computing a changed problem (another eps, other groups): the same formula on other parameters.
template <template <class> class Forward, template <class> class Backward = NoBackward, class Unit = Forward<double>>
std::unique_ptr<Evaluator<double>> evaluate_as(const Problem& changed, const std::vector<Values>& inputs) {
  return make_evaluator<double, Forward, Backward>(changed, operands_of<double>(inputs));
}

/// A wrong answer written as a function of (output, index).
class WrongAnswer final : public Evaluator<double> {
 public:
  using Function = std::function<double(std::size_t output, std::int64_t index)>;
  explicit WrongAnswer(Function function) : function_(std::move(function)) {}
  double element(std::size_t output, std::int64_t index) const override { return function_(output, index); }

 private:
  Function function_;
};

}  // namespace lockstep
