// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "harness/data/values.hpp"

namespace lockstep {

class Function;
class Variable;
struct VariableState;

/// Sees the gradient of a tensor when it is complete; what it returns replaces the gradient (nothing: unchanged).
using TensorHook = std::function<std::optional<Variable>(const Variable& gradient)>;
/// Runs after a leaf's gradient has been added to what it had; DistributedDataParallel's reducer listens here.
using AccumulationHook = std::function<void(Variable& leaf)>;

/// Names a registered hook for its removal.
using HookId = std::uint64_t;

/// A tensor of the autograd, a handle to shared state as in PyTorch: copies are the same tensor. Contents are never
/// changed in place, so what a backward has saved stays what it was. Not thread-safe: one rank, one thread at a time.
class Variable {
 public:
  /// No tensor; the state of an absent optional input (no bias) and of a gradient that does not exist.
  Variable() = default;
  /// A leaf. Throws Error for integers that require a gradient.
  explicit Variable(Values value, bool requires_gradient = false);

  explicit operator bool() const { return state_ != nullptr; }
  const Values& value() const;
  std::shared_ptr<const Values> shared_value() const;
  DType dtype() const { return value().dtype(); }
  const Shape& shape() const { return value().shape(); }
  std::int64_t count() const { return value().count(); }

  bool requires_gradient() const;
  /// Whether no recorded function produced it.
  bool is_leaf() const;
  /// The same contents, cut off from the graph.
  Variable detach() const;
  /// Replaces a leaf's contents: what an optimiser does. Throws Error for another shape or dtype, or no leaf.
  void set_value(Values value);

  /// The accumulated gradient of a leaf (or of any tensor after retain_gradient()); empty where no backward reached it.
  const Variable& gradient() const;
  void set_gradient(Variable gradient);
  /// Forgets the gradient, as zero_grad(set_to_none=True) does: the optimiser will skip the tensor.
  void clear_gradient() { set_gradient({}); }
  /// Sets an existing gradient to zeros, as zero_grad(set_to_none=False) does: the optimiser will see zeros.
  void zero_gradient();
  /// Asks for the gradient of a tensor that is no leaf to be kept.
  void retain_gradient();

  HookId register_hook(TensorHook hook);
  /// Leaves only; throws Error otherwise.
  HookId register_accumulation_hook(AccumulationHook hook);
  /// Removes either kind; nothing happens when it is gone already.
  void remove_hook(HookId id);

  bool is_same_as(const Variable& other) const { return state_ == other.state_; }

 private:
  friend class Autograd;
  friend class BackwardPass;
  std::shared_ptr<VariableState> state_;
};

/// Hooks of one tensor. The function that produced it holds them too, so that they run even when nobody holds the tensor.
struct TensorHooks {
  std::vector<std::pair<HookId, TensorHook>> entries;
};

/// What is behind a Variable. Only the autograd looks inside.
struct VariableState {
  std::shared_ptr<const Values> value;
  bool requires_gradient = false;
  bool retains_gradient = false;
  /// The function whose output number `output` this is; null for leaves.
  std::shared_ptr<Function> producer;
  std::size_t output = 0;
  Variable gradient;
  std::shared_ptr<TensorHooks> hooks = std::make_shared<TensorHooks>();
  std::vector<std::pair<HookId, AccumulationHook>> accumulation_hooks;
  HookId next_hook = 1;
};

}  // namespace lockstep
