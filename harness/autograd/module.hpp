// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/autograd/autograd.hpp"

namespace lockstep {

/// A tensor of a module with its full name ("layer1.0.conv1.weight").
struct NamedVariable {
  std::string name;
  Variable variable;
};

class Module;
/// May replace the input (an absent variable leaves it).
using ForwardPreHook = std::function<Variable(Module&, const Variable& input)>;
/// May replace the output (an absent variable leaves it).
using ForwardHook = std::function<Variable(Module&, const Variable& input, const Variable& output)>;
/// Sees the gradients of a module's input and output; may replace the former. `grad_input` is absent where the input
/// requires no gradient.
using BackwardHook = std::function<Variable(Module&, const Variable& grad_input, const Variable& grad_output)>;

/// A layer or a model: parameters, which are trained; buffers, which are state but not trained (running statistics);
/// children; and a forward. Names follow PyTorch: a child's are prefixed with its own name and a dot (a child without a
/// name adds none).
class Module {
 public:
  virtual ~Module() = default;
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Runs the hooks and the forward.
  Variable operator()(Autograd& autograd, const Variable& input);

  /// In the order of registration, own ones before those of children.
  std::vector<NamedVariable> parameters() const;
  std::vector<NamedVariable> buffers() const;
  /// This module and all below it, depth first.
  std::vector<Module*> modules();

  bool is_training() const { return training_; }
  /// Sets training (or evaluation) mode here and below.
  void train(bool training = true);
  void evaluate() { train(false); }
  /// Forgets (or zeroes) the gradients of all parameters.
  void clear_gradients();
  void zero_gradients();

  void register_forward_pre_hook(ForwardPreHook hook) { pre_hooks_.push_back(std::move(hook)); }
  void register_forward_hook(ForwardHook hook) { forward_hooks_.push_back(std::move(hook)); }
  void register_backward_hook(BackwardHook hook) { backward_hooks_.push_back(std::move(hook)); }

 protected:
  virtual Variable forward(Autograd& autograd, const Variable& input) = 0;

  /// Throws Error for a name that exists.
  Variable add_parameter(std::string name, Values initial);
  Variable add_buffer(std::string name, Values initial);
  template <class Child>
  std::shared_ptr<Child> add_child(std::string name, std::shared_ptr<Child> child) {
    children_.emplace_back(std::move(name), child);
    return child;
  }

 private:
  void collect(const std::string& prefix, bool parameters, std::vector<NamedVariable>& into) const;
  void refuse_known(const std::string& name) const;
  Variable enter(Autograd& autograd, const Variable& input, const std::shared_ptr<Variable>& grad_output);
  Variable leave(Autograd& autograd, const Variable& output, const std::shared_ptr<Variable>& grad_output, bool calls);

  bool training_ = true;
  std::vector<NamedVariable> own_parameters_, own_buffers_;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> children_;
  std::vector<ForwardPreHook> pre_hooks_;
  std::vector<ForwardHook> forward_hooks_;
  std::vector<BackwardHook> backward_hooks_;
};

}  // namespace lockstep
