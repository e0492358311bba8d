// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/executor.hpp"

namespace lockstep {
namespace {

template <class T>
Operands<T> operands_of(const std::vector<const Values*>& inputs) {
  Operands<T> operands;
  for (const Values* values : inputs) operands.emplace_back(*values);
  return operands;
}

template <class T>
std::vector<Values> evaluate(const Evaluator<T>& evaluator, const Signature& signature,
                             const std::vector<bool>& wanted) {
  std::vector<Values> outputs;
  for (std::size_t output = 0; output < signature.outputs.size(); ++output) {
    const TensorSpec& spec = signature.outputs[output];
    if (!wanted[output]) {
      outputs.emplace_back();
      continue;
    }
    Values& values = outputs.emplace_back(spec.dtype, spec.shape);
    const std::int64_t count = values.count();
    if (float* floats = spec.dtype == DType::f32 ? values.floats() : nullptr)
      for (std::int64_t i = 0; i < count; ++i) floats[i] = static_cast<float>(evaluator.element(output, i));
    else
      for (std::int64_t i = 0; i < count; ++i) values.set(i, static_cast<double>(evaluator.element(output, i)));
  }
  return outputs;
}

}  // namespace

std::vector<Values> ReferenceExecutor::run(const Operator& definition, const Problem& problem,
                                           const Signature& signature, const std::vector<const Values*>& inputs,
                                           const std::vector<bool>& wanted) {
  if (problem.dtype == DType::f64)
    return evaluate(*definition.in_double(problem, operands_of<double>(inputs)), signature, wanted);
  return evaluate(*definition.in_float(problem, operands_of<float>(inputs)), signature, wanted);
}

}  // namespace lockstep
