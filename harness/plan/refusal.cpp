// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/refusal.hpp"

#include <exception>

#include "harness/data/error.hpp"
#include "harness/plan/case_inputs.hpp"
#include "harness/plan/draw_problem.hpp"

namespace lockstep {
namespace {

void launch_on_tensors_of(const Problem& origin, const Case& item, Device& device, std::uint64_t seed) {
  const Signature signature = item.definition->signature(origin);
  const auto inputs = place_inputs(device, origin, signature, draw_inputs(*item.definition, origin, signature, seed));
  const auto outputs = place_outputs(device, origin, signature);
  item.implementation->prepare(item.problem(), views_of(inputs, outputs), device)();
  device.synchronize();
}

}  // namespace

CaseResult probe_refusal(const Case& item, const Problem& origin, Device& device, std::uint64_t seed) {
  CaseResult result = verify_case(item, device, {.seed = seed});
  if (result.outcome == Outcome::skipped) return result;
  const Contract contract = contract_of(*item.definition, item.problem());
  if (contract.takes() || (result.outcome != Outcome::refused && !contract.is_malformed)) {
    result.outcome = Outcome::failed;
    result.reason = contract.takes() ? "the contract takes this problem" : "was judged, though the contract refuses it";
    return result;
  }
  result.outcome = Outcome::refused;
  result.reason = contract.refusal;
  result.failure.reset();
  if (item.problem().shapes != origin.shapes) return result;
  try {
    launch_on_tensors_of(origin, item, device, seed);
  } catch (const std::exception&) {
    return result;
  }
  result.outcome = Outcome::failed;
  result.reason = "computed what the contract refuses: " + contract.refusal;
  return result;
}

}  // namespace lockstep
