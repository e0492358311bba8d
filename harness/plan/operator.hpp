// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/fill.hpp"
#include "harness/data/values.hpp"
#include "harness/numerics/low_precision.hpp"
#include "harness/numerics/operand.hpp"
#include "harness/plan/problem.hpp"

namespace lockstep {

/// input: given. saved: an input of the backward that the forward left behind (statistics); derived, not drawn.
/// gradient: the gradient of an output, an input of the backward. output: what is judged.
enum class Role : std::uint8_t { input, saved, gradient, output };

/// One tensor of a problem; the list of them is said once, in the operator's signature.
struct TensorSpec {
  std::string name;
  Role role = Role::input;
  DType dtype = DType::f32;
  Shape shape;
  FillRange fill;
  /// Whether layouts apply: activations take every layout, parameters and statistics are always contiguous.
  bool takes_layout = false;
  /// Output: with Fill::exact every correct implementation gives exactly the correctly rounded truth.
  bool exact = false;
  /// Output: every element is a copy of one input element, which keeps its bits under every fill (a NaN stays a NaN). Not
  /// for a maximum, which may take either of two zeros, nor for a product with 0 or 1.
  bool copy = false;
};

struct Signature {
  std::vector<TensorSpec> inputs, outputs;
};

/// Ideal work of a problem: arithmetic operations, and bytes when every tensor moves once.
struct Cost {
  double flops = 0, bytes = 0;
};

/// Values by input position; what a formula reads.
template <class T>
using Operands = std::vector<Operand<T>>;

/// A wrong answer an implementation might give. `wrong` evaluates it on the problem's inputs; null when the fault cannot
/// occur there (no second group, say).
struct Fault {
  std::string id, description;
  std::function<std::unique_ptr<Evaluator<double>>(const Problem&, const std::vector<Values>& inputs)> wrong;
};

/// Half precisions with a fault that changes nothing they can resolve, in writing.
struct Equivalence {
  std::string fault;
  std::vector<DType> dtypes;
  std::string reason;
  /// Empty: both directions.
  std::vector<Direction> directions;
};

/// What an operator IS: its contract and its mathematics, independent of any implementation. One instance per operator.
class Operator {
 public:
  virtual ~Operator() = default;
  virtual std::string_view name() const = 0;
  /// False for what PyTorch runs without recording (optimiser steps, clipping): there are problems in one direction only.
  virtual bool has_backward() const { return true; }
  /// Whether the backward is the derivative of the forward. PyTorch departs from it by choice in places, such as the row
  /// of an embedding that only pads.
  virtual bool backward_is_derivative(const Problem&) const { return true; }
  /// Tensors of the problem, inputs first. Throws Refused with PyTorch's message where PyTorch refuses the call.
  virtual Signature signature(const Problem& problem) const = 0;
  virtual Cost cost(const Problem& problem) const = 0;
  /// Declared faults of this operator's own; those every operator can have (unwritten parts, swapped elements, lower
  /// precision, memory faults) are added by the harness.
  virtual std::vector<Fault> faults(const Problem& problem) const = 0;
  /// Faults that cannot be seen in a dtype or direction, with the reason.
  virtual std::vector<Equivalence> equivalences() const { return {}; }
  /// Fills worth trying on this problem, beside normal.
  virtual std::vector<Fill> fills() const { return {Fill::normal, Fill::exact, Fill::adversarial}; }
  /// Fills in the inputs of Role::saved from the others (contents in double, rounded to the spec's dtype by the caller).
  virtual void derive_saved(const Problem&, std::vector<Values>&) const {}
  /// Throws Refused with PyTorch's message where PyTorch refuses the call for what the inputs hold (an index that is out of
  /// range). Formulas and implementations see only inputs that pass.
  virtual void check_inputs(const Problem&, const std::vector<Values>&) const {}

  virtual std::unique_ptr<Evaluator<double>> in_double(const Problem&, const Operands<double>&) const = 0;
  virtual std::unique_ptr<Evaluator<float>> in_float(const Problem&, const Operands<float>&) const = 0;
  virtual std::unique_ptr<Evaluator<Tracked>> tracked(const Problem&, const Operands<Tracked>&) const = 0;
  virtual std::unique_ptr<Evaluator<Dual<double>>> in_dual(const Problem&, const Operands<Dual<double>>&) const = 0;
  virtual std::unique_ptr<Evaluator<Dual<Dual<double>>>> in_second_dual(const Problem&,
                                                                        const Operands<Dual<Dual<double>>>&) const = 0;
  virtual std::unique_ptr<Evaluator<LowPrecision<DType::bf16>>> in_bfloat16(
      const Problem&, const Operands<LowPrecision<DType::bf16>>&) const = 0;
};

template <class T>
Operands<T> operands_of(const std::vector<Values>& inputs) {
  Operands<T> operands;
  for (const Values& values : inputs) operands.emplace_back(values);
  return operands;
}

}  // namespace lockstep
