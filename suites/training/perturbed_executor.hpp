// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/autograd/executor.hpp"
#include "harness/data/random.hpp"

namespace lockstep {

/// Computes in double and moves every result at random by up to one rounding of a narrower dtype: Monte Carlo arithmetic
/// (Parker 1997, UCLA CSD-970002). How far runs with different seeds lie apart is how far rounding can carry a
/// computation that no closed bound follows any more, such as ten steps of training.
class PerturbedExecutor final : public Executor {
 public:
  PerturbedExecutor(DType narrower, std::uint64_t seed) : roundoff_(unit_roundoff(narrower)), random_(seed) {}

  std::vector<Values> run(const Operator& definition, const Problem& problem, const Signature& signature,
                          const std::vector<const Values*>& inputs, const std::vector<bool>& wanted) override {
    std::vector<Values> outputs = exact_.run(definition, problem, signature, inputs, wanted);
    for (Values& values : outputs)
      if (double* doubles = values.doubles())
        for (std::int64_t i = 0; i < values.count(); ++i)
          doubles[i] *= 1.0 + roundoff_ * (2.0 * random_.uniform() - 1.0);
    return outputs;
  }

 private:
  double roundoff_;
  RandomStream random_;
  ReferenceExecutor exact_;
};

}  // namespace lockstep
