// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Computes operators for the autograd: which implementation, on which machine, is its business alone. One executor per
/// rank; not thread-safe.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Every output of `problem`, in the order and dtypes of its signature. `inputs` stand in the signature's order.
  /// An output that is not `wanted` may be left empty (a Values without elements).
  virtual std::vector<Values> run(const Operator& definition, const Problem& problem, const Signature& signature,
                                  const std::vector<const Values*>& inputs, const std::vector<bool>& wanted) = 0;
};

/// The operator's formula element by element: in double where the problem is in f64, else in float with one rounding to
/// the problem's dtype.
class ReferenceExecutor final : public Executor {
 public:
  std::vector<Values> run(const Operator& definition, const Problem& problem, const Signature& signature,
                          const std::vector<const Values*>& inputs, const std::vector<bool>& wanted) override;
};

}  // namespace lockstep
