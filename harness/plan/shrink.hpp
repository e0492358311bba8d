// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// What a search for a smaller problem may cost. It ends at whichever limit comes first.
struct ShrinkBudget {
  double seconds = 10;
  std::int64_t trials = 5000;
  /// Asked before every trial; true ends the search.
  std::function<bool()> stop = {};
};

/// The simplest problem found that fails as the given one does.
struct Shrunk {
  Problem problem;
  std::int64_t trials = 0;
  double seconds = 0;
  /// Whether the given problem failed again at all; where it did not, `problem` is that one.
  bool reproduced = false;
  /// Whether nothing simpler that is tried fails: the search ended of itself. Then the result depends on the problem and
  /// on `still_fails` alone, not on how fast this machine is.
  bool complete = false;
};

/// Whether a problem fails as the given one does: with the same outcome and the same kind of finding, as finding_of says it.
using StillFails = std::function<bool(const Problem&)>;

/// Reduces a failing problem by greedy delta debugging (Zeller, Hildebrandt 2002, IEEE TSE 28(2)): as long as a simpler
/// problem still fails, it takes that one's place. Simpler in this order: parameters at their defaults, contiguous, a plainer
/// fill, fewer elements and axes, smaller numbers; extents go to 1, to tile edges, to halves, to one less. The dtype stays.
/// At last as many elements of the inputs as possible become zero or one (parameter `data`, see plain_data.hpp).
///
/// Only problems that the operator's contract takes are tried. With plain data a correct implementation's rounding errors
/// no longer are independent, as the statistical gate takes them to be: where the problem has the parameter `data`,
/// `still_fails` should also ask whether an implementation that is right passes.
Shrunk shrink(const Operator& definition, const Problem& failing, const StillFails& still_fails,
              const ShrinkBudget& budget);

}  // namespace lockstep
