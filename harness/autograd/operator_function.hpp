// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "harness/autograd/autograd.hpp"

namespace lockstep {

/// An operator's forward as a step of the graph; its backward is the operator's hand-written backward.
class OperatorFunction final : public Function, public std::enable_shared_from_this<OperatorFunction> {
 public:
  OperatorFunction(const Operator& definition, const Problem& problem, const Signature& signature);

  /// One per output: whether the backward takes a gradient of it.
  std::vector<bool> differentiable_outputs() const;

  std::string name() const override { return std::string(definition_.name()); }
  std::vector<Variable> backward(Autograd& autograd, const std::vector<Variable>& gradients,
                                 const std::vector<bool>& wanted) override;

 private:
  const Operator& definition_;
  Problem forward_, backward_;
  Signature forward_signature_, backward_signature_;
};

/// An operator's backward as a step of the graph. Its own backward needs second derivatives, which nobody writes by hand:
/// they come from the forward's formula on dual numbers, exact in double, one evaluation per input element and output
/// element. Right for every operator and slow: for small tensors.
///
/// Inputs: the forward's inputs in its signature's order, then one gradient per differentiable output.
/// Outputs: gradients of the forward's inputs, in that order. A third derivative is an Error.
class OperatorBackwardFunction final : public Function {
 public:
  /// `differentiable`: the forward's outputs that have gradients among the inputs; `inputs_with_gradient`: the forward's
  /// inputs whose gradients are the outputs.
  OperatorBackwardFunction(const Operator& definition, Problem forward, std::vector<std::size_t> differentiable,
                           std::vector<std::size_t> inputs_with_gradient);

  std::string name() const override { return std::string(definition_.name()) + ".backward"; }
  std::vector<Variable> backward(Autograd& autograd, const std::vector<Variable>& gradients,
                                 const std::vector<bool>& wanted) override;

 private:
  const Operator& definition_;
  Problem forward_;
  std::vector<std::size_t> differentiable_, inputs_with_gradient_;
};

}  // namespace lockstep
