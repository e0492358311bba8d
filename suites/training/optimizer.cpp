// SPDX-License-Identifier: Apache-2.0
#include "suites/training/optimizer.hpp"

#include <algorithm>

#include "harness/data/error.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

std::string key(const std::string& tensor, const std::string& parameter) { return tensor + "." + parameter; }

/// Tensors of state beside the parameter, in the order of the operator's signature.
std::vector<std::string> state_tensors(const OptimizerPlan& plan) {
  if (plan.kind == "sgd")
    return plan.momentum != 0.0 ? std::vector<std::string>{"momentum_buffer"} : std::vector<std::string>{};
  std::vector<std::string> tensors{"exp_avg", "exp_avg_sq"};
  if (plan.amsgrad) tensors.push_back("max_exp_avg_sq");
  return tensors;
}

Parameters parameters_of(const OptimizerPlan& plan, std::int64_t steps_before) {
  Parameters parameters;
  parameters.set_real("lr", plan.lr);
  parameters.set_real("weight_decay", plan.weight_decay);
  if (plan.maximize) parameters.set_boolean("maximize", true);
  if (plan.kind == "sgd") {
    parameters.set_real("momentum", plan.momentum);
    parameters.set_real("dampening", plan.dampening);
    if (plan.nesterov) parameters.set_boolean("nesterov", true);
    if (steps_before == 0) parameters.set_boolean("first_step", true);
    return parameters;
  }
  parameters.set("betas", real_token(plan.beta1) + "x" + real_token(plan.beta2));
  parameters.set_real("eps", plan.eps);
  if (plan.amsgrad) parameters.set_boolean("amsgrad", true);
  if (plan.kind == "adamw") parameters.set_boolean("decoupled_weight_decay", true);
  parameters.set_integer("step", steps_before + 1);
  return parameters;
}

}  // namespace

Optimizer::Optimizer(const OptimizerPlan& plan, std::vector<NamedVariable> parameters)
    : plan_(plan), parameters_(std::move(parameters)) {
  if (plan.kind != "sgd" && plan.kind != "adam" && plan.kind != "adamw")
    throw Error("unknown optimizer '" + plan.kind + "'; accepted: sgd, adam, adamw");
}

void Optimizer::step(Autograd& autograd) {
  const NoGradient scope(autograd);
  const Operator& definition = plan_.kind == "sgd" ? sgd_operator() : adam_operator();
  const std::vector<std::string> tensors = state_tensors(plan_);
  for (NamedVariable& parameter : parameters_) {
    if (!parameter.variable.gradient()) continue;
    Values& count = state_.try_emplace(key("step", parameter.name), DType::i64, Shape{}).first->second;
    const auto steps_before = static_cast<std::int64_t>(count[0]);
    NamedInputs inputs{{"p", parameter.variable.detach()}, {"grad", parameter.variable.gradient()}};
    // SGD's momentum begins as the first gradient, Adam's moments begin at zero.
    if (plan_.kind != "sgd" || steps_before > 0)
      for (const std::string& tensor : tensors)
        inputs.emplace_back(tensor, Variable(state_
                                                 .try_emplace(key(tensor, parameter.name), parameter.variable.dtype(),
                                                              parameter.variable.shape())
                                                 .first->second));
    const std::vector<Variable> outputs = autograd.apply(definition, parameters_of(plan_, steps_before), inputs);
    parameter.variable.set_value(outputs[0].value());
    for (std::size_t i = 0; i < tensors.size(); ++i) state_[key(tensors[i], parameter.name)] = outputs[i + 1].value();
    count.set(0, static_cast<double>(steps_before + 1));
  }
}

void Optimizer::load(const ModuleState& state) {
  const std::vector<std::string> tensors = state_tensors(plan_);
  const auto owner_of = [&](const std::string& name) {
    return std::find_if(parameters_.begin(), parameters_.end(),
                        [&](const NamedVariable& parameter) { return parameter.name == name; });
  };
  for (const auto& [name, values] : state) {
    const std::size_t dot = name.find('.');
    const std::string tensor = name.substr(0, dot);
    const auto owner = owner_of(dot == std::string::npos ? "" : name.substr(dot + 1));
    if (owner == parameters_.end())
      throw Error("the optimizer's state has '" + name + "', which belongs to no parameter");
    if (tensor != "step" && std::find(tensors.begin(), tensors.end(), tensor) == tensors.end())
      throw Error("the optimizer's state has '" + name + "', which " + plan_.kind + " does not keep" +
                  (plan_.kind == "sgd" && tensor == "momentum_buffer" ? " without momentum" : ""));
    const Shape accepted = tensor == "step" ? Shape() : owner->variable.shape();
    if (values.shape() != accepted)
      throw Error("the optimizer's state '" + name + "' has the shape " + to_text(values.shape()) +
                  "; accepted: " + to_text(accepted));
  }
  // A parameter that never had a gradient has no state at all, any other one has all of it.
  for (const auto& [name, values] : state) {
    const std::string parameter = name.substr(name.find('.') + 1);
    for (const std::string& tensor : tensors)
      if (!state.contains(key(tensor, parameter)))
        throw Error("the optimizer's state lacks '" + key(tensor, parameter) + "'");
    if (!state.contains(key("step", parameter)))
      throw Error("the optimizer's state lacks '" + key("step", parameter) + "'");
  }
  state_.clear();
  for (const auto& [name, values] : state)
    state_[name] = name.starts_with("step.") ? values : values.rounded_to(parameters_[0].variable.dtype());
}

}  // namespace lockstep
