// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/forward_mode_executor.hpp"

#include <algorithm>
#include <utility>

namespace lockstep {
namespace {

/// Where the elements lie; null for integers, which have no derivative, and for none.
const void* place_of(const Values& values) {
  return values.doubles() ? static_cast<const void*>(values.doubles()) : values.floats();
}

bool same_contents(const Values& a, const Values& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (a.doubles()) return std::equal(a.doubles(), a.doubles() + a.count(), b.doubles());
  return std::equal(a.floats(), a.floats() + a.count(), b.floats());
}

}  // namespace

void ForwardModeExecutor::set_tangent(const Values& contents, Values tangent) {
  if (place_of(contents)) entries_[place_of(contents)] = {contents, std::move(tangent)};
}

const Values* ForwardModeExecutor::tangent_of(const Values& contents) const {
  const auto found = entries_.find(place_of(contents));
  if (found == entries_.end() || !same_contents(found->second.contents, contents)) return nullptr;
  return &found->second.tangent;
}

std::vector<Values> ForwardModeExecutor::run(const Operator& definition, const Problem& problem,
                                             const Signature& signature, const std::vector<const Values*>& inputs,
                                             const std::vector<bool>&) {
  Operands<Dual<double>> operands;
  for (const Values* contents : inputs) operands.emplace_back(*contents, tangent_of(*contents));
  const auto evaluator = definition.in_dual(problem, operands);
  std::vector<Values> outputs;
  for (std::size_t output = 0; output < signature.outputs.size(); ++output) {
    const TensorSpec& spec = signature.outputs[output];
    Values values(spec.dtype, spec.shape), tangent(DType::f64, spec.shape);
    for (std::int64_t i = 0; i < values.count(); ++i) {
      const Dual<double> element = evaluator->element(output, i);
      values.set(i, element.value);
      tangent.set(i, element.tangent);
    }
    set_tangent(values, std::move(tangent));
    outputs.push_back(std::move(values));  // the elements stay where they are
  }
  return outputs;
}

Values ForwardModeExecutor::move(const Movement& movement, const std::vector<const Values*>& inputs) {
  Values moved = movement(inputs);
  // Every input's tangent, zeros for a constant.
  std::vector<Values> tangents;
  bool is_constant = true;
  for (const Values* contents : inputs) {
    const Values* tangent = is_floating(contents->dtype()) ? tangent_of(*contents) : nullptr;
    is_constant = is_constant && !tangent;
    tangents.push_back(tangent ? *tangent : Values(DType::f64, contents->shape()));
  }
  if (is_constant) return moved;
  std::vector<const Values*> pointers;
  for (const Values& tangent : tangents) pointers.push_back(&tangent);
  set_tangent(moved, movement(pointers).rounded_to(DType::f64));
  return moved;
}

}  // namespace lockstep
