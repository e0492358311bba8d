// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/module.hpp"

#include <algorithm>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

/// An identity at the border of a module; `seen` gets the gradient that passes and may replace it.
class BorderFunction final : public Function {
 public:
  explicit BorderFunction(std::function<Variable(const Variable&)> seen) : seen_(std::move(seen)) {}
  std::string name() const override { return "module_border"; }
  std::vector<Variable> backward(Autograd&, const std::vector<Variable>& gradients, const std::vector<bool>&) override {
    return {seen_(gradients[0])};
  }

 private:
  std::function<Variable(const Variable&)> seen_;
};

Variable through_border(Autograd& autograd, const Variable& x, std::function<Variable(const Variable&)> seen) {
  std::vector<Values> same{x.value()};
  return autograd.record(std::make_shared<BorderFunction>(std::move(seen)), {x}, std::move(same))[0];
}

}  // namespace

Variable Module::operator()(Autograd& autograd, const Variable& input) {
  Variable x = input;
  for (const ForwardPreHook& hook : pre_hooks_)
    if (Variable replaced = hook(*this, x)) x = replaced;
  const auto grad_output = std::make_shared<Variable>();
  const bool calls_at_input = x.requires_gradient();
  if (!backward_hooks_.empty() && calls_at_input) x = enter(autograd, x, grad_output);
  Variable y = forward(autograd, x);
  if (!backward_hooks_.empty() && y.requires_gradient()) y = leave(autograd, y, grad_output, !calls_at_input);
  for (const ForwardHook& hook : forward_hooks_)
    if (Variable replaced = hook(*this, x, y)) y = replaced;
  return y;
}

Variable Module::enter(Autograd& autograd, const Variable& input, const std::shared_ptr<Variable>& grad_output) {
  return through_border(autograd, input, [this, grad_output](const Variable& gradient) {
    Variable result = gradient;
    for (const BackwardHook& hook : backward_hooks_)
      if (Variable replaced = hook(*this, result, *grad_output)) result = replaced;
    return result;
  });
}

Variable Module::leave(Autograd& autograd, const Variable& output, const std::shared_ptr<Variable>& grad_output,
                       bool calls) {
  return through_border(autograd, output, [this, grad_output, calls](const Variable& gradient) {
    *grad_output = gradient;
    if (calls)
      for (const BackwardHook& hook : backward_hooks_) hook(*this, Variable(), gradient);
    return gradient;
  });
}

void Module::collect(const std::string& prefix, bool parameters, std::vector<NamedVariable>& into) const {
  for (const NamedVariable& own : parameters ? own_parameters_ : own_buffers_)
    into.push_back({prefix + own.name, own.variable});
  for (const auto& [name, child] : children_)
    child->collect(prefix + (name.empty() ? "" : name + "."), parameters, into);
}

std::vector<NamedVariable> Module::parameters() const {
  std::vector<NamedVariable> all;
  collect("", true, all);
  return all;
}

std::vector<NamedVariable> Module::buffers() const {
  std::vector<NamedVariable> all;
  collect("", false, all);
  return all;
}

std::vector<Module*> Module::modules() {
  std::vector<Module*> all{this};
  for (const auto& [name, child] : children_)
    for (Module* below : child->modules()) all.push_back(below);
  return all;
}

void Module::train(bool training) {
  for (Module* module : modules()) module->training_ = training;
}

void Module::clear_gradients() {
  for (NamedVariable& parameter : parameters()) parameter.variable.clear_gradient();
}

void Module::zero_gradients() {
  for (NamedVariable& parameter : parameters()) parameter.variable.zero_gradient();
}

void Module::refuse_known(const std::string& name) const {
  const auto has = [&](const std::vector<NamedVariable>& known) {
    return std::any_of(known.begin(), known.end(), [&](const NamedVariable& v) { return v.name == name; });
  };
  if (has(own_parameters_) || has(own_buffers_)) throw Error("the module has a tensor '" + name + "' already");
}

Variable Module::add_parameter(std::string name, Values initial) {
  refuse_known(name);
  return own_parameters_.emplace_back(NamedVariable{std::move(name), Variable(std::move(initial), true)}).variable;
}

Variable Module::add_buffer(std::string name, Values initial) {
  refuse_known(name);
  return own_buffers_.emplace_back(NamedVariable{std::move(name), Variable(std::move(initial))}).variable;
}

}  // namespace lockstep
