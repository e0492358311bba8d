// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/backward_pass.hpp"

#include <algorithm>
#include <set>

#include "harness/autograd/views.hpp"
#include "harness/data/error.hpp"

namespace lockstep {

BackwardPass::BackwardPass(Autograd& autograd, BackwardOptions options) : autograd_(autograd), options_(options) {
  if (options_.create_graph) options_.retain_graph = true;
}

void BackwardPass::accumulate(const Variable& root, const Variable& gradient) { walk(root, gradient); }

std::vector<Variable> BackwardPass::collect(const Variable& root, const Variable& gradient,
                                            const std::vector<Variable>& inputs) {
  collects_ = true;
  for (const Variable& input : inputs) {
    if (!input.requires_gradient()) throw Error("One of the differentiated Tensors does not require grad");
    collected_[input.state_.get()] = {};
  }
  walk(root, gradient);
  std::vector<Variable> gradients;
  for (const Variable& input : inputs) gradients.push_back(collected_.at(input.state_.get()));
  return gradients;
}

void BackwardPass::walk(const Variable& root, const Variable& gradient) {
  if (!root.requires_gradient()) throw Error("element 0 of tensors does not require grad and does not have a grad_fn");
  Variable seed = gradient;
  if (!seed) {
    if (root.count() != 1) throw Error("grad can be implicitly created only for scalar outputs");
    Values one(root.dtype(), root.shape());
    one.set(0, 1.0);
    seed = Variable(std::move(one));
  }
  if (seed.shape() != root.shape())
    throw Error("Mismatch in shape: grad_output has a shape of " + to_text(seed.shape()) +
                " and output has a shape of " + to_text(root.shape()));

  const bool before = autograd_.records();
  struct Restore {
    Autograd& autograd;
    bool records;
    ~Restore() { autograd.set_records(records); }
  } restore{autograd_, before};
  autograd_.set_records(options_.create_graph);

  if (root.is_leaf()) {
    pending_[root.state_.get()] = 1;
    arrive(root, seed);
    depart(root);
    return;
  }
  discover(root.state_->producer);
  arrive(root, seed);
  for (const auto& function : functions_) run(*function);
}

void BackwardPass::discover(const std::shared_ptr<Function>& from) {
  std::set<Function*> seen{from.get()};
  functions_.push_back(from);
  for (std::size_t next = 0; next < functions_.size(); ++next) {
    const auto function = functions_[next];
    if (function->released_)
      throw Error(
          "Trying to backward through the graph a second time (or directly access saved tensors after they have "
          "already been freed). Specify retain_graph=True if you need to backward through the graph a second "
          "time.");
    for (const Variable& input : function->inputs_) {
      if (!input.requires_gradient()) continue;
      if (input.is_leaf())
        ++pending_[input.state_.get()];
      else if (seen.insert(input.state_->producer.get()).second)
        functions_.push_back(input.state_->producer);
    }
  }
  std::sort(functions_.begin(), functions_.end(),
            [](const auto& a, const auto& b) { return a->sequence_ > b->sequence_; });
}

void BackwardPass::run(Function& function) {
  std::vector<Variable> gradients(function.outputs_.size());
  bool any = false;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const auto found = at_output_.find({&function, i});
    if (found == at_output_.end()) continue;
    gradients[i] = after_hooks(*function.outputs_[i].hooks, std::move(found->second));
    at_output_.erase(found);
    any = true;
    if (const auto state = function.outputs_[i].state.lock()) {
      if (state->retains_gradient && !collects_) add(state->gradient, gradients[i]);
      if (const auto wanted = collected_.find(state.get()); wanted != collected_.end()) wanted->second = gradients[i];
    }
  }
  std::vector<bool> wanted;
  for (const Variable& input : function.inputs_) wanted.push_back(input.requires_gradient());
  std::vector<Variable> passed(wanted.size());
  if (any) passed = function.backward(autograd_, gradients, wanted);
  // The function's hold on its inputs ends here; they are needed for a moment longer.
  const std::vector<Variable> inputs = function.inputs_;
  if (!options_.retain_graph) {
    function.release();
    function.released_ = true;
    function.inputs_.clear();
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!wanted[i]) continue;
    if (passed[i]) arrive(inputs[i], std::move(passed[i]));
    if (inputs[i].is_leaf()) depart(inputs[i]);
  }
}

void BackwardPass::arrive(const Variable& at, Variable gradient) {
  if (at.is_leaf())
    add(at_leaf_[at.state_.get()], std::move(gradient));
  else
    add(at_output_[{at.state_->producer.get(), at.state_->output}], std::move(gradient));
}

void BackwardPass::depart(const Variable& leaf) {
  VariableState* state = leaf.state_.get();
  if (--pending_.at(state) > 0) return;
  const auto found = at_leaf_.find(state);
  if (found == at_leaf_.end()) return;  // no path carried a gradient
  Variable gradient = after_hooks(*state->hooks, std::move(found->second));
  at_leaf_.erase(found);
  if (collects_) {
    if (const auto wanted = collected_.find(state); wanted != collected_.end()) wanted->second = gradient;
    return;
  }
  add(state->gradient, options_.create_graph ? gradient : gradient.detach());
  Variable handle = leaf;
  for (std::size_t i = 0; i < state->accumulation_hooks.size(); ++i) state->accumulation_hooks[i].second(handle);
}

void BackwardPass::add(Variable& sum, Variable gradient) {
  sum = sum ? lockstep::add(autograd_, sum, gradient) : std::move(gradient);
}

Variable BackwardPass::after_hooks(const TensorHooks& hooks, Variable gradient) {
  for (const auto& [id, hook] : hooks.entries)
    if (auto replaced = hook(gradient)) {
      if (replaced->shape() != gradient.shape())
        throw Error("hook '" + std::to_string(id) + "' has changed the size of value: " + to_text(replaced->shape()) +
                    " instead of " + to_text(gradient.shape()));
      gradient = *replaced;
    }
  return gradient;
}

}  // namespace lockstep
