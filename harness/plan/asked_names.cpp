// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/asked_names.hpp"

#include "harness/data/error.hpp"
#include "harness/data/printable.hpp"
#include "harness/plan/case.hpp"
#include "harness/plan/plain_data.hpp"

namespace lockstep {
namespace {

thread_local AskedNames* recorder = nullptr;

void look_at(const Operator& definition, const Problem& problem) {
  try {
    // An operator over a list of tensors takes them as they come, and asks for none by its name.
    for (const TensorSpec& input : definition.signature(problem).inputs)
      for (const auto& [name, shape] : problem.shapes)
        if (name == input.name) AskedNames::note(name);
  } catch (const Error&) {
    // What refuses has asked as well.
  }
}

}  // namespace

AskedNames::AskedNames() : outer_(recorder) { recorder = this; }
AskedNames::~AskedNames() { recorder = outer_; }

void AskedNames::note(std::string_view name) {
  if (recorder != nullptr) recorder->names_.emplace(name);
}

void refuse_unknown_names(const Catalogued& entry, const Problem& problem) {
  AskedNames asked;
  look_at(*entry.definition, problem);
  for (const ListedProblem& listed : entry.problems) look_at(*entry.definition, listed.problem);
  const auto check = [&](const std::string& name) {
    // Every operator's inputs can be plain (plain_data.hpp); whoever draws them asks.
    if (asked.names().contains(name) || name == kPlainData) return;
    std::string accepted;
    for (const std::string& known : asked.names()) accepted += known + ", ";
    throw Error(problem.operator_name + " takes no " + in_quotes(name) + "; accepted: " + accepted +
                "dtype, layout, fill");
  };
  for (const auto& [name, shape] : problem.shapes) check(name);
  for (const auto& [name, token] : problem.parameters.tokens()) check(name);
}

}  // namespace lockstep
