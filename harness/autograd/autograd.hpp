// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/autograd/executor.hpp"
#include "harness/autograd/variable.hpp"

namespace lockstep {

class Autograd;

/// A recorded step of the computation: knows its inputs and how gradients pass through it.
class Function {
 public:
  virtual ~Function() = default;
  virtual std::string name() const = 0;
  /// Gradients of the inputs from those of the outputs (absent ones are zero); one per input, absent where it is not
  /// `wanted` or there is none. Written with the autograd's own operations, so that it can be differentiated again.
  virtual std::vector<Variable> backward(Autograd& autograd, const std::vector<Variable>& gradients,
                                         const std::vector<bool>& wanted) = 0;
  /// Drops what was saved for the backward.
  virtual void release() {}

 protected:
  const std::vector<Variable>& inputs() const { return inputs_; }

 private:
  friend class Autograd;
  friend class BackwardPass;
  std::vector<Variable> inputs_;
  struct Output {
    std::weak_ptr<VariableState> state;
    std::shared_ptr<TensorHooks> hooks;
  };
  std::vector<Output> outputs_;
  std::uint64_t sequence_ = 0;
  bool released_ = false;
};

/// Inputs of an operator under the names of its signature; absent variables are left out.
using NamedInputs = std::vector<std::pair<std::string, Variable>>;

struct BackwardOptions {
  /// Keep what the graph saved, so that it can be walked again.
  bool retain_graph = false;
  /// Record the backward itself, so that its results can be differentiated (implies retain_graph).
  bool create_graph = false;
};

/// Records what operators do to variables and walks it backwards; one per rank. Semantics are PyTorch's: gradients add
/// up in leaves over repeated calls until they are cleared.
class Autograd {
 public:
  /// The executor is borrowed.
  explicit Autograd(Executor& executor) : executor_(executor) {}

  Executor& executor() { return executor_; }
  bool records() const { return records_; }
  void set_records(bool records) { records_ = records; }
  /// The lower precision in which a model should run what tolerates it; nothing: all in the dtype of its parameters.
  std::optional<DType> autocast() const { return autocast_; }
  void set_autocast(std::optional<DType> dtype) { autocast_ = dtype; }

  /// Every output of the operator's forward. The problem's dtype is that of the first floating input. Outputs that the
  /// backward takes no gradient for (running statistics, indices) never require one. Throws Refused and Error as the
  /// operator does.
  std::vector<Variable> apply(const Operator& definition, const Parameters& parameters, const NamedInputs& inputs);

  /// Values of a step computed elsewhere: records `function` as their producer where the autograd records and one of the
  /// inputs requires a gradient; else they are plain tensors.
  std::vector<Variable> record(std::shared_ptr<Function> function, std::vector<Variable> inputs,
                               std::vector<Values> outputs, const std::vector<bool>& differentiable = {});
  /// Whether a step on these inputs would be recorded.
  bool would_record(const std::vector<Variable>& inputs) const;

  /// Adds the gradient of `root` to every leaf it depends on. `gradient` may be left out for a single element. Throws
  /// Error with PyTorch's message: root requires no gradient; gradient missing or of another shape; graph walked twice.
  void backward(const Variable& root, const Variable& gradient = {}, BackwardOptions options = {});

  /// Gradients of `root` with respect to `inputs` (absent where it does not depend on one); adds to no leaf's gradient
  /// and runs no accumulation hook.
  std::vector<Variable> gradients(const Variable& root, const std::vector<Variable>& inputs,
                                  const Variable& gradient = {}, BackwardOptions options = {});

  /// The leaves that `root` depends on and that require a gradient, each once, in the order of a walk from the root.
  std::vector<Variable> leaves(const Variable& root) const;

 private:
  Executor& executor_;
  bool records_ = true;
  std::optional<DType> autocast_;
  std::uint64_t next_sequence_ = 1;
};

/// Nothing is recorded while it lives: torch.no_grad().
class NoGradient {
 public:
  explicit NoGradient(Autograd& autograd) : autograd_(autograd), before_(autograd.records()) {
    autograd_.set_records(false);
  }
  ~NoGradient() { autograd_.set_records(before_); }
  NoGradient(const NoGradient&) = delete;
  NoGradient& operator=(const NoGradient&) = delete;

 private:
  Autograd& autograd_;
  bool before_;
};

}  // namespace lockstep
