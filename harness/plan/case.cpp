// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/case.hpp"

#include <algorithm>

#include "harness/data/error.hpp"
#include "harness/data/printable.hpp"

namespace lockstep {

std::string Case::id() const { return problem().operation() + "/" + implementation->name() + "/" + problem().label(); }

const Catalogued& Catalogue::find(std::string_view operator_name) const {
  std::string known;
  for (const Catalogued& entry : operators_) {
    if (entry.definition->name() == operator_name) return entry;
    known += (known.empty() ? "" : ", ") + std::string(entry.definition->name());
  }
  throw Error("unknown operator " + in_quotes(operator_name) + "; accepted: " + known);
}

std::vector<Case> Catalogue::cases(std::span<const std::string> sets) const {
  std::vector<Case> cases;
  for (const Catalogued& entry : operators_)
    for (const ListedProblem& listed : entry.problems) {
      if (std::find(sets.begin(), sets.end(), listed.set) == sets.end()) continue;
      for (const Implementation& implementation : entry.implementations)
        if (implementation.direction == listed.problem.direction)
          cases.push_back({entry.definition, &implementation, listed});
    }
  return cases;
}

Case Catalogue::parse_case(std::string_view id) const {
  const std::size_t first = id.find('/');
  const std::size_t second = first == std::string_view::npos ? first : id.find('/', first + 1);
  if (second == std::string_view::npos)
    throw Error("malformed case " + in_quotes(id) + "; accepted: operator.direction/implementation/problem");
  const std::string_view operation = id.substr(0, first), name = id.substr(first + 1, second - first - 1);
  const auto [operator_name, direction] = parse_operation(operation);
  const Catalogued& entry = find(operator_name);
  Problem problem = parse_problem(operation, id.substr(second + 1));
  std::string known;
  for (const Implementation& implementation : entry.implementations) {
    if (implementation.direction != direction) continue;
    if (implementation.name() == name) {
      for (const ListedProblem& listed : entry.problems)
        if (listed.problem.direction == direction && listed.problem.label() == problem.label())
          return {entry.definition, &implementation, listed};
      return {entry.definition, &implementation, {std::move(problem), "given", "the command line"}};
    }
    known += (known.empty() ? "" : ", ") + implementation.name();
  }
  throw Error("unknown implementation " + in_quotes(name) + " of " + std::string(operation) + "; accepted: " + known);
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  if (pattern.find_first_of("*?") == std::string_view::npos) return text.find(pattern) != std::string_view::npos;
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace lockstep
