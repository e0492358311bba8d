// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/variable.hpp"

#include <utility>

#include "harness/data/error.hpp"

namespace lockstep {

Variable::Variable(Values value, bool requires_gradient) : state_(std::make_shared<VariableState>()) {
  if (requires_gradient && !is_floating(value.dtype()))
    throw Error("only tensors of floating point dtype can require gradients, not " +
                std::string(name_of(value.dtype())));
  state_->value = std::make_shared<const Values>(std::move(value));
  state_->requires_gradient = requires_gradient;
}

const Values& Variable::value() const {
  if (!state_) throw Error("an absent tensor has no value");
  return *state_->value;
}

std::shared_ptr<const Values> Variable::shared_value() const { return state_ ? state_->value : nullptr; }
bool Variable::requires_gradient() const { return state_ && state_->requires_gradient; }
bool Variable::is_leaf() const { return !state_ || !state_->producer; }

Variable Variable::detach() const {
  Variable cut;
  cut.state_ = std::make_shared<VariableState>();
  cut.state_->value = shared_value();
  return cut;
}

void Variable::set_value(Values value) {
  if (!is_leaf()) throw Error("only the value of a leaf can be replaced");
  if (value.shape() != shape() || value.dtype() != dtype())
    throw Error("a tensor of shape " + to_text(shape()) + " and dtype " + std::string(name_of(dtype())) +
                " cannot take the value of one of shape " + to_text(value.shape()) + " and dtype " +
                std::string(name_of(value.dtype())));
  state_->value = std::make_shared<const Values>(std::move(value));
}

const Variable& Variable::gradient() const {
  static const Variable none;
  return state_ ? state_->gradient : none;
}

void Variable::set_gradient(Variable gradient) {
  if (!state_) throw Error("an absent tensor has no gradient");
  if (gradient && gradient.shape() != shape())
    throw Error("assigned grad has data of a different size: " + to_text(gradient.shape()) + " instead of " +
                to_text(shape()));
  state_->gradient = std::move(gradient);
}

void Variable::zero_gradient() {
  if (gradient()) set_gradient(Variable(Values(gradient().dtype(), gradient().shape())));
}

void Variable::retain_gradient() {
  if (!requires_gradient()) throw Error("can't retain_grad on Tensor that has requires_grad=False");
  state_->retains_gradient = true;
}

HookId Variable::register_hook(TensorHook hook) {
  if (!requires_gradient()) throw Error("cannot register a hook on a tensor that doesn't require gradient");
  state_->hooks->entries.emplace_back(state_->next_hook, std::move(hook));
  return state_->next_hook++;
}

HookId Variable::register_accumulation_hook(AccumulationHook hook) {
  if (!requires_gradient() || !is_leaf())
    throw Error("an accumulation hook can only be registered on a leaf that requires gradient");
  state_->accumulation_hooks.emplace_back(state_->next_hook, std::move(hook));
  return state_->next_hook++;
}

void Variable::remove_hook(HookId id) {
  if (!state_) return;
  std::erase_if(state_->hooks->entries, [id](const auto& hook) { return hook.first == id; });
  std::erase_if(state_->accumulation_hooks, [id](const auto& hook) { return hook.first == id; });
}

}  // namespace lockstep
