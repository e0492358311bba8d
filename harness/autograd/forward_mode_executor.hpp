// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "harness/autograd/executor.hpp"

namespace lockstep {

/// Carries derivatives along one direction beside the contents: operators by their formula in Dual arithmetic, views by
/// moving the tangents as they move the contents. What a backward written by hand gives, against a direction, must be what
/// this gives: the check of whole models. In f64.
///
/// A tangent belongs to the place of the contents it was given for: they may be moved, a copy is a constant, and tensors of
/// the graph must stay alive until it is asked for (the autograd records). Contents without a tangent are constants.
class ForwardModeExecutor final : public Executor {
 public:
  /// `tangent` [shape of `contents`], f64. `contents` outlives the executor's use.
  void set_tangent(const Values& contents, Values tangent);
  /// Null for a constant.
  const Values* tangent_of(const Values& contents) const;

  std::vector<Values> run(const Operator& definition, const Problem& problem, const Signature& signature,
                          const std::vector<const Values*>& inputs, const std::vector<bool>& wanted) override;
  Values move(const Movement& movement, const std::vector<const Values*>& inputs) override;

 private:
  /// With the contents, since a place may be used again for other ones.
  struct Entry {
    Values contents, tangent;
  };
  std::map<const void*, Entry> entries_;
};

}  // namespace lockstep
