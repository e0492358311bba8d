// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Makes a view's output from the contents of its inputs: elements are moved, or added, so it is linear in all inputs
/// together.
using Movement = std::function<Values(const std::vector<const Values*>& inputs)>;

/// Computes operators for the autograd: which implementation, on which machine, is its business alone. One executor per
/// rank; not thread-safe.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Every output of `problem`, in the order and dtypes of its signature. `inputs` stand in the signature's order.
  /// An output that is not `wanted` may be left empty (a Values without elements).
  virtual std::vector<Values> run(const Operator& definition, const Problem& problem, const Signature& signature,
                                  const std::vector<const Values*>& inputs, const std::vector<bool>& wanted) = 0;

  /// The output of a view. An executor that carries more than contents along moves that in the same way.
  virtual Values move(const Movement& movement, const std::vector<const Values*>& inputs) { return movement(inputs); }
};

/// The operator's formula element by element: in double where the problem is in f64, else in float with one rounding to
/// the problem's dtype.
class ReferenceExecutor final : public Executor {
 public:
  std::vector<Values> run(const Operator& definition, const Problem& problem, const Signature& signature,
                          const std::vector<const Values*>& inputs, const std::vector<bool>& wanted) override;
};

}  // namespace lockstep
