// SPDX-License-Identifier: Apache-2.0
#include "suites/training/perturbed_executor.hpp"

#include <cmath>

#include "harness/numerics/gates.hpp"

namespace lockstep {

std::vector<Values> PerturbedExecutor::run(const Operator& definition, const Problem& problem,
                                           const Signature& signature, const std::vector<const Values*>& inputs,
                                           const std::vector<bool>& wanted) {
  const PrecisionContract contract;
  const ContractScope scope(contract);
  Operands<Tracked> operands;
  for (const Values* values : inputs) operands.emplace_back(*values);
  const auto tracked = definition.tracked(problem, operands);
  std::vector<Values> outputs;
  for (std::size_t output = 0; output < signature.outputs.size(); ++output) {
    const TensorSpec& spec = signature.outputs[output];
    if (!wanted[output]) {
      outputs.emplace_back();
      continue;
    }
    Values& values = outputs.emplace_back(spec.dtype, spec.shape);
    for (std::int64_t i = 0; i < values.count(); ++i) {
      const Tracked exact = tracked->element(output, i);
      const double error = is_floating(spec.dtype) ? allowance(exact, narrower_, contract).rms : 0.0;
      // Uniform with that root-mean-square.
      const double moved = exact.value + std::sqrt(3.0) * error * (2.0 * random_.uniform() - 1.0);
      values.set(i, std::isfinite(error) ? moved : exact.value);
    }
  }
  return outputs;
}

}  // namespace lockstep
