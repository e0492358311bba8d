// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/autograd/autograd.hpp"

namespace lockstep {

/// One walk from a root to the leaves. Functions run in the reverse of the order in which they were recorded, so that all
/// gradients of an output have arrived when its function runs; a leaf is served the moment its last gradient arrives, so
/// that communication can start while the walk goes on.
class BackwardPass {
 public:
  BackwardPass(Autograd& autograd, BackwardOptions options);

  /// Adds to the gradients of the leaves.
  void accumulate(const Variable& root, const Variable& gradient);
  /// Returns the gradients of `inputs` and leaves everything else alone.
  std::vector<Variable> collect(const Variable& root, const Variable& gradient, const std::vector<Variable>& inputs);

 private:
  using Slot = std::pair<Function*, std::size_t>;

  void walk(const Variable& root, const Variable& gradient);
  void discover(const std::shared_ptr<Function>& from);
  void run(Function& function);
  void arrive(const Variable& at, Variable gradient);
  void depart(const Variable& leaf);
  void add(Variable& sum, Variable gradient);
  Variable after_hooks(const TensorHooks& hooks, Variable gradient);

  Autograd& autograd_;
  BackwardOptions options_;
  bool collects_ = false;
  std::vector<std::shared_ptr<Function>> functions_;
  std::unordered_map<VariableState*, std::size_t> pending_;
  std::unordered_map<VariableState*, Variable> at_leaf_;
  std::map<Slot, Variable> at_output_;
  /// What collect() asked for, by state.
  std::unordered_map<VariableState*, Variable> collected_;
};

}  // namespace lockstep
