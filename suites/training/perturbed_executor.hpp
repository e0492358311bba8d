// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/autograd/executor.hpp"
#include "harness/data/random.hpp"

namespace lockstep {

/// Computes in double and moves every number of every result at random by as much as a correct implementation in a
/// narrower dtype may be off: by the root-mean-square error that Tracked derives for a float32 computation of that number
/// in any order, and the rounding of the result. Monte Carlo arithmetic (Parker 1997, UCLA CSD-970002) with derived instead
/// of equal errors. How far runs with different seeds lie apart is how far rounding can carry a computation that no closed
/// bound follows any more, such as a step of training through many operators.
class PerturbedExecutor final : public Executor {
 public:
  PerturbedExecutor(DType narrower, std::uint64_t seed) : narrower_(narrower), random_(seed) {}

  std::vector<Values> run(const Operator& definition, const Problem& problem, const Signature& signature,
                          const std::vector<const Values*>& inputs, const std::vector<bool>& wanted) override;

 private:
  DType narrower_;
  RandomStream random_;
};

/// How many such runs show a spread, and as many times the spread a correct run may be off: a few runs do not show the
/// whole of it, and an implementation need not round like a random one.
inline constexpr int kPerturbedRuns = 3;
inline constexpr double kSpreadsAllowed = 16.0;
/// How many runs decide where a run lies outside of what few show: a maximum or a relu on the edge of a tie may go the
/// other way in one run of ten, and every number behind it with it.
inline constexpr int kPerturbedRunsInDoubt = 32;

}  // namespace lockstep
