// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/case_run.hpp"

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

void append(OperatorRun& all, OperatorRun&& one) {
  for (ComputedArray& array : one.arrays) all.arrays.push_back(std::move(array));
  all.inputs_were_rounded = all.inputs_were_rounded || one.inputs_were_rounded;
  if (!one.not_served.empty()) all.not_served += (all.not_served.empty() ? "" : "; ") + one.not_served;
}

}  // namespace

OperatorRun run_case(const CaseProblem& item, const CaseDescription& description, const ComputeProblem& compute) {
  if (item.block) return item.block(item, description, compute);
  OperatorRun all = compute(item.problem, item.arrays);
  if (description.grad_outputs.empty()) {
    if (!description.grads.empty())
      throw Error("grads are asked for without grad_outputs; accepted: g_<output> for each differentiable output");
    return all;
  }
  if (!item.entry->definition->has_backward())
    throw Error("grad_outputs are given, but " + description.op + " has no backward; accepted: no grad_outputs");
  Problem backward = item.problem;
  backward.direction = Direction::backward;
  append(all, compute(backward, item.arrays));
  return all;
}

}  // namespace lockstep
