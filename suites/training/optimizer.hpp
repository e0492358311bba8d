// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/autograd/autograd.hpp"
#include "harness/autograd/module.hpp"
#include "harness/autograd/module_state.hpp"
#include "suites/training/plan.hpp"

namespace lockstep {

/// Moves parameters by the operators sgd and adam. A parameter without a gradient is left alone, its state too; one with
/// a zero gradient still moves by momentum and decay, as in PyTorch.
class Optimizer {
 public:
  /// Throws Error for an unknown kind.
  Optimizer(const OptimizerPlan& plan, std::vector<NamedVariable> parameters);

  /// Reads every parameter's gradient and replaces its value.
  void step(Autograd& autograd);

  /// The learning rate of the steps to come: for schedules.
  void set_lr(double lr) { plan_.lr = lr; }

  /// Tensors by "<tensor>.<parameter>", and "step.<parameter>" (a scalar, i64).
  ModuleState state() const { return state_; }
  /// Throws Error naming an entry that belongs to no parameter, that this kind does not keep, that has another shape, or
  /// that is missing.
  void load(const ModuleState& state);

 private:
  OptimizerPlan plan_;
  std::vector<NamedVariable> parameters_;
  ModuleState state_;
};

}  // namespace lockstep
