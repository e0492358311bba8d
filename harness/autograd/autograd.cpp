// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/autograd.hpp"

#include <algorithm>
#include <set>

#include "harness/autograd/backward_pass.hpp"
#include "harness/autograd/operator_function.hpp"
#include "harness/data/error.hpp"

namespace lockstep {
namespace {

Problem problem_of(const Operator& definition, const Parameters& parameters, const NamedInputs& inputs) {
  Problem problem;
  problem.operator_name = definition.name();
  problem.parameters = parameters;
  bool has_dtype = false;
  for (const auto& [name, variable] : inputs) {
    if (!variable) continue;
    problem.shapes.emplace_back(name, variable.shape());
    if (!has_dtype && is_floating(variable.dtype())) {
      problem.dtype = variable.dtype();
      has_dtype = true;
    }
  }
  return problem;
}

/// The inputs in the signature's order. Throws Error for one that is missing, unknown or of another dtype.
std::vector<Variable> in_order(const Operator& definition, const Signature& signature, const NamedInputs& inputs) {
  const std::string where = std::string(definition.name()) + ": the input '";
  for (const auto& [name, variable] : inputs)
    if (variable && std::none_of(signature.inputs.begin(), signature.inputs.end(),
                                 [&name = name](const TensorSpec& spec) { return spec.name == name; }))
      throw Error(where + name + "' is not taken with these parameters");
  std::vector<Variable> ordered;
  for (const TensorSpec& spec : signature.inputs) {
    const auto found =
        std::find_if(inputs.begin(), inputs.end(), [&](const auto& input) { return input.first == spec.name; });
    if (found == inputs.end() || !found->second) throw Error(where + spec.name + "' is missing");
    if (found->second.dtype() != spec.dtype)
      throw Error(where + spec.name + "' holds " + std::string(name_of(found->second.dtype())) +
                  "; accepted: " + std::string(name_of(spec.dtype)));
    ordered.push_back(found->second);
  }
  return ordered;
}

}  // namespace

bool Autograd::would_record(const std::vector<Variable>& inputs) const {
  return records_ && std::any_of(inputs.begin(), inputs.end(), [](const Variable& v) { return v.requires_gradient(); });
}

std::vector<Variable> Autograd::record(std::shared_ptr<Function> function, std::vector<Variable> inputs,
                                       std::vector<Values> outputs, const std::vector<bool>& differentiable) {
  const bool recorded = would_record(inputs);
  std::vector<Variable> variables;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    Variable& output = variables.emplace_back(std::move(outputs[i]));
    if (!recorded) continue;
    output.state_->requires_gradient =
        is_floating(output.dtype()) && (differentiable.empty() || static_cast<bool>(differentiable[i]));
    if (output.state_->requires_gradient) {
      output.state_->producer = function;
      output.state_->output = i;
    }
    function->outputs_.push_back({output.state_, output.state_->hooks});
  }
  if (recorded) {
    function->inputs_ = std::move(inputs);
    function->sequence_ = next_sequence_++;
  }
  return variables;
}

std::vector<Variable> Autograd::apply(const Operator& definition, const Parameters& parameters,
                                      const NamedInputs& inputs) {
  const Problem problem = problem_of(definition, parameters, inputs);
  const Signature signature = definition.signature(problem);
  std::vector<Variable> ordered = in_order(definition, signature, inputs);
  std::vector<const Values*> values;
  for (const Variable& variable : ordered) values.push_back(&variable.value());
  std::vector<Values> outputs =
      executor_.run(definition, problem, signature, values, std::vector<bool>(signature.outputs.size(), true));
  if (!would_record(ordered)) return record(nullptr, {}, std::move(outputs));
  auto function = std::make_shared<OperatorFunction>(definition, problem, signature);
  const std::vector<bool> differentiable = function->differentiable_outputs();
  return record(std::move(function), std::move(ordered), std::move(outputs), differentiable);
}

void Autograd::backward(const Variable& root, const Variable& gradient, BackwardOptions options) {
  BackwardPass(*this, options).accumulate(root, gradient);
}

std::vector<Variable> Autograd::gradients(const Variable& root, const std::vector<Variable>& inputs,
                                          const Variable& gradient, BackwardOptions options) {
  return BackwardPass(*this, options).collect(root, gradient, inputs);
}

std::vector<Variable> Autograd::leaves(const Variable& root) const {
  std::vector<Variable> found, open{root};
  std::set<const void*> seen;
  for (std::size_t next = 0; next < open.size(); ++next) {
    const Variable at = open[next];
    if (!at.requires_gradient()) continue;
    const void* identity = at.is_leaf() ? static_cast<const void*>(at.state_.get()) : at.state_->producer.get();
    if (!seen.insert(identity).second) continue;
    if (at.is_leaf())
      found.push_back(at);
    else
      open.insert(open.end(), at.state_->producer->inputs_.begin(), at.state_->producer->inputs_.end());
  }
  return found;
}

}  // namespace lockstep
