// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/shrink.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>

#include "harness/data/error.hpp"
#include "harness/plan/plain_data.hpp"
#include "harness/plan/problem_numbers.hpp"
#include "harness/plan/simpler_problems.hpp"

namespace lockstep {
namespace {

// Beyond these an id that lists elements is no longer read, and a search among them is long.
constexpr std::int64_t kMostElementsSearched = 4096;
constexpr std::size_t kMostElementsListed = 24;
// A problem given as larger than this is not built even to be looked at.
constexpr double kMostElements = 0x1p40;

std::vector<std::int64_t> without(const std::vector<std::int64_t>& from, std::size_t first, std::size_t count) {
  std::vector<std::int64_t> rest(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(first));
  rest.insert(rest.end(), from.begin() + static_cast<std::ptrdiff_t>(std::min(first + count, from.size())), from.end());
  return rest;
}

class Search {
 public:
  Search(const Operator& definition, const Problem& failing, const StillFails& still_fails, const ShrinkBudget& budget)
      : definition_(definition), still_fails_(still_fails), budget_(budget) {
    result_.problem = failing;
  }

  Shrunk run() {
    result_.reproduced = fails(result_.problem);
    if (result_.reproduced) {
      if (!result_.problem.parameters.has(kPlainData)) {  // else its elements are chosen for its very shapes
        simplify_problem();
        simplify_data();
      }
      result_.complete = !spent();
    }
    result_.seconds = seconds();
    return std::move(result_);
  }

 private:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  bool spent() const {
    return result_.trials >= budget_.trials || seconds() >= budget_.seconds || (budget_.stop && budget_.stop());
  }
  bool fails(const Problem& problem) {
    if (spent()) return false;
    ++result_.trials;
    return still_fails_(problem);
  }

  void simplify_problem() {
    std::set<std::string> tried;
    const auto is_valid = [this](const Problem& candidate) { return takes(candidate); };
    const auto is_better = [&](const Problem& candidate) {
      if (spent()) return true;  // ends the visit; the problem stays
      if (!takes(candidate)) return false;
      if (!(complexity_of(definition_, candidate) < complexity_of(definition_, result_.problem))) return false;
      if (!tried.insert(candidate.label()).second || !fails(candidate)) return false;
      result_.problem = candidate;
      return true;
    };
    while (!spent()) {
      const Problem before = result_.problem;  // is_better replaces it while it is visited
      if (!visit_simpler(definition_, before, is_valid, is_better)) return;
    }
  }

  bool takes(const Problem& problem) const {
    if (largest_given_elements(problem) > kMostElements) return false;
    try {
      definition_.signature(problem);
      return true;
    } catch (const Error&) {  // Refused, or a parameter that cannot be read or is missing
      return false;
    }
  }

  void simplify_data() {
    std::vector<PlainInput> plain;
    for (const TensorSpec& spec : definition_.signature(result_.problem).inputs) {
      const std::int64_t count = element_count(spec.shape);
      if (spec.role == Role::saved || count == 0) continue;
      PlainInput input{.name = spec.name, .ones = false, .drawn = {}, .one = {}};
      if (fails_with(plain, input)) {
        plain.push_back(input);
        continue;
      }
      input.ones = true;
      if (fails_with(plain, input)) {
        plain.push_back(input);
        continue;
      }
      input.ones = false;
      if (count <= kMostElementsSearched && keep_few_elements(plain, input, count)) plain.push_back(input);
    }
  }

  /// Delta debugging over the elements that stay as drawn; false where too many of them have to.
  bool keep_few_elements(const std::vector<PlainInput>& plain, PlainInput& input, std::int64_t count) {
    input.drawn.resize(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) input.drawn[static_cast<std::size_t>(i)] = i;
    const Problem before = result_.problem;
    for (std::size_t part = (input.drawn.size() + 1) / 2; part > 0 && !spent();) {
      bool removed = false;
      for (std::size_t first = 0; first < input.drawn.size() && !spent();) {
        PlainInput fewer = input;
        fewer.drawn = without(input.drawn, first, part);
        if (fewer.drawn.size() < input.drawn.size() && fails_with(plain, fewer)) {
          input = fewer;
          removed = true;
        } else {
          first += part;
        }
      }
      if (part > 1)
        part = (part + 1) / 2;
      else if (!removed)
        part = 0;
    }
    if (input.drawn.size() > kMostElementsListed || static_cast<std::int64_t>(input.drawn.size()) == count) {
      result_.problem = before;
      return false;
    }
    for (std::size_t k = input.drawn.size(); k-- > 0;) {
      PlainInput simpler = input;
      simpler.one.insert(simpler.one.begin(), input.drawn[k]);
      simpler.drawn = without(input.drawn, k, 1);
      if (fails_with(plain, simpler)) input = simpler;
    }
    return true;
  }

  /// Whether the problem fails with these inputs plain; then it is the simplest so far.
  bool fails_with(std::vector<PlainInput> plain, const PlainInput& one_more) {
    plain.push_back(one_more);
    Problem candidate = result_.problem;
    candidate.parameters.set(kPlainData, plain_data_token(plain));
    if (!fails(candidate)) return false;
    result_.problem = std::move(candidate);
    return true;
  }

  const Operator& definition_;
  const StillFails& still_fails_;
  const ShrinkBudget& budget_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Shrunk result_;
};

}  // namespace

Shrunk shrink(const Operator& definition, const Problem& failing, const StillFails& still_fails,
              const ShrinkBudget& budget) {
  return Search(definition, failing, still_fails, budget).run();
}

}  // namespace lockstep
