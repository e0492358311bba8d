// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/operator_function.hpp"

#include <algorithm>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

std::size_t position_of(const std::vector<TensorSpec>& specs, std::string_view name) {
  const auto found =
      std::find_if(specs.begin(), specs.end(), [&](const TensorSpec& spec) { return spec.name == name; });
  return found == specs.end() ? kNone : static_cast<std::size_t>(found - specs.begin());
}

Problem in_direction(Problem problem, Direction direction) {
  problem.direction = direction;
  return problem;
}

/// The number of the forward's output (input) that a gradient "g_y" ("d_x") belongs to.
std::size_t subject_of(const TensorSpec& gradient, const std::vector<TensorSpec>& specs) {
  return position_of(specs, std::string_view(gradient.name).substr(2));
}

}  // namespace

OperatorFunction::OperatorFunction(const Operator& definition, const Problem& problem, const Signature& signature)
    : definition_(definition),
      forward_(problem),
      backward_(in_direction(problem, Direction::backward)),
      forward_signature_(signature),
      backward_signature_(definition.signature(backward_)) {}

std::vector<bool> OperatorFunction::differentiable_outputs() const {
  std::vector<bool> differentiable(forward_signature_.outputs.size(), false);
  for (const TensorSpec& spec : backward_signature_.inputs)
    if (spec.role == Role::gradient) differentiable[subject_of(spec, forward_signature_.outputs)] = true;
  return differentiable;
}

std::vector<Variable> OperatorFunction::backward(Autograd& autograd, const std::vector<Variable>& gradients,
                                                 const std::vector<bool>& wanted) {
  // What the backward reads: given tensors, gradients (zeros where none arrived), and what the forward left behind.
  std::vector<Values> owned(backward_signature_.inputs.size());
  std::vector<const Values*> values(owned.size());
  std::vector<Variable> graph_inputs = inputs();
  std::vector<std::size_t> differentiable;
  bool derives = false;
  for (std::size_t i = 0; i < owned.size(); ++i) {
    const TensorSpec& spec = backward_signature_.inputs[i];
    values[i] = &owned[i];
    if (spec.role == Role::gradient) {
      const std::size_t output = subject_of(spec, forward_signature_.outputs);
      Variable gradient = gradients[output] ? gradients[output] : Variable(Values(spec.dtype, spec.shape));
      if (gradient.dtype() != spec.dtype)
        throw Error(name() + ": the gradient '" + spec.name + "' holds " + std::string(name_of(gradient.dtype())) +
                    "; accepted: " + std::string(name_of(spec.dtype)));
      values[i] = &gradient.value();
      graph_inputs.push_back(std::move(gradient));
      differentiable.push_back(output);
    } else if (spec.role == Role::saved) {
      owned[i] = Values(spec.dtype, spec.shape);
      derives = true;
    } else {
      values[i] = &inputs()[position_of(forward_signature_.inputs, spec.name)].value();
    }
  }
  if (derives) {
    std::vector<Values> all;
    for (const Values* value : values) all.push_back(*value);
    definition_.derive_saved(backward_, all);
    for (std::size_t i = 0; i < owned.size(); ++i)
      if (backward_signature_.inputs[i].role == Role::saved) owned[i] = all[i].rounded_to(owned[i].dtype());
  }

  std::vector<bool> wanted_outputs;
  std::vector<std::size_t> subjects;
  for (const TensorSpec& spec : backward_signature_.outputs) {
    subjects.push_back(subject_of(spec, forward_signature_.inputs));
    wanted_outputs.push_back(wanted[subjects.back()]);
  }
  std::vector<Values> outputs =
      autograd.executor().run(definition_, backward_, backward_signature_, values, wanted_outputs);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (!wanted_outputs[i]) outputs[i] = Values();
  const std::vector<Variable> results = autograd.record(
      std::make_shared<OperatorBackwardFunction>(definition_, forward_, std::move(differentiable), subjects),
      std::move(graph_inputs), std::move(outputs));
  std::vector<Variable> passed(wanted.size());
  for (std::size_t i = 0; i < results.size(); ++i)
    if (wanted_outputs[i]) passed[subjects[i]] = results[i];
  return passed;
}

OperatorBackwardFunction::OperatorBackwardFunction(const Operator& definition, Problem forward,
                                                   std::vector<std::size_t> differentiable,
                                                   std::vector<std::size_t> inputs_with_gradient)
    : definition_(definition),
      forward_(std::move(forward)),
      differentiable_(std::move(differentiable)),
      inputs_with_gradient_(std::move(inputs_with_gradient)) {}

// With L = sum over outputs o and elements i of g_o[i] f_o[i](x), the backward gives dL/dx. For a cotangent v of it:
//   gradient of g_o[i]: the derivative of f_o[i] along v;   gradient of x_j: sum of g_o[i] D2 f_o[i] along v and e_j.
std::vector<Variable> OperatorBackwardFunction::backward(Autograd& autograd, const std::vector<Variable>& gradients,
                                                         const std::vector<bool>& wanted) {
  if (autograd.records()) throw Error(name() + ": third derivatives are not available; accepted: create_graph once");
  const std::size_t forward_inputs = inputs().size() - differentiable_.size();
  std::vector<const Values*> along(forward_inputs, nullptr);
  for (std::size_t i = 0; i < gradients.size(); ++i)
    if (gradients[i]) along[inputs_with_gradient_[i]] = &gradients[i].value();

  std::vector<Variable> passed(wanted.size());
  Operands<Dual<double>> operands;
  for (std::size_t i = 0; i < forward_inputs; ++i) operands.emplace_back(inputs()[i].value(), along[i]);
  const auto first = definition_.in_dual(forward_, operands);
  for (std::size_t k = 0; k < differentiable_.size(); ++k) {
    if (!wanted[forward_inputs + k]) continue;
    const Variable& gradient = inputs()[forward_inputs + k];
    Values result(gradient.dtype(), gradient.shape());
    for (std::int64_t i = 0; i < result.count(); ++i) result.set(i, first->element(differentiable_[k], i).tangent);
    passed[forward_inputs + k] = Variable(std::move(result));
  }
  for (std::size_t input = 0; input < forward_inputs; ++input) {
    if (!wanted[input]) continue;
    const Values& x = inputs()[input].value();
    Values result(x.dtype(), x.shape()), unit(DType::f64, x.shape());
    for (std::int64_t j = 0; j < x.count(); ++j) {
      unit.set(j, 1.0);
      Operands<Dual<Dual<double>>> second_operands;
      for (std::size_t i = 0; i < forward_inputs; ++i)
        second_operands.emplace_back(inputs()[i].value(), along[i], i == input ? &unit : nullptr);
      const auto second = definition_.in_second_dual(forward_, second_operands);
      double sum = 0.0;
      for (std::size_t k = 0; k < differentiable_.size(); ++k) {
        const Values& g = inputs()[forward_inputs + k].value();
        for (std::int64_t i = 0; i < g.count(); ++i)
          if (g[i] != 0.0) sum += g[i] * second->element(differentiable_[k], i).tangent.tangent;
      }
      result.set(j, sum);
      unit.set(j, 0.0);
    }
    passed[input] = Variable(std::move(result));
  }
  return passed;
}

}  // namespace lockstep
