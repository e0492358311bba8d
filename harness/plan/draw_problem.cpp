// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/draw_problem.hpp"

#include <algorithm>
#include <array>

#include "harness/data/error.hpp"
#include "harness/plan/problem_numbers.hpp"

namespace lockstep {
namespace {

// Draws until one is as wished, valid or not; the last is taken where none is.
constexpr int kMostAttempts = 64;

constexpr std::array<std::int64_t, 58> kEdges{
    0,   1,   1,   1,   2,   2,   3,   3,   4,   5,   6,    7,    7,    8,    9,    11,   12,   13,  15,  16,
    17,  23,  31,  32,  33,  37,  48,  61,  63,  64,  65,   67,   95,   96,   97,   127,  128,  129, 131, 160,
    191, 255, 256, 257, 320, 509, 511, 512, 513, 521, 1023, 1024, 1025, 1031, 2047, 2049, 4096, 4099};

std::int64_t one_of(const std::array<std::int64_t, 58>& list, RandomStream& stream) {
  return list[static_cast<std::size_t>(stream.below(static_cast<std::int64_t>(list.size())))];
}

template <class List>
const auto& pick(const List& list, RandomStream& stream) {
  return *std::next(list.begin(), stream.below(static_cast<std::int64_t>(list.size())));
}

/// Small extents oftener than large ones: several of these are multiplied.
std::int64_t drawn_extent(RandomStream& stream) {
  return stream.below(3) == 0 ? one_of(kEdges, stream) : std::min(one_of(kEdges, stream), one_of(kEdges, stream));
}

std::int64_t drawn_number(std::int64_t before, RandomStream& stream) {
  switch (stream.below(10)) {
    case 0: return before + 1;
    case 1: return before - 1;
    case 2: return -before;
    case 3: return -1;
    case 4: return 0;
    case 5: return stream.below(8) == 0 ? std::int64_t{1} << (30 + stream.below(3)) : 2 * before;
    case 6: return drawn_extent(stream);
    default: return 1 + stream.below(4);
  }
}

void change_axes(Problem& problem, RandomStream& stream) {
  if (problem.shapes.empty()) return;
  const bool all = stream.below(2) == 0, inserts = stream.below(2) == 0, from_front = stream.below(2) == 0;
  const auto chosen = static_cast<std::size_t>(stream.below(static_cast<std::int64_t>(problem.shapes.size())));
  const std::int64_t axis = stream.below(3), extent = std::min<std::int64_t>(drawn_extent(stream), 9);
  for (std::size_t entry = 0; entry < problem.shapes.size(); ++entry) {
    if (!all && entry != chosen) continue;
    Shape& shape = problem.shapes[entry].second;
    const auto rank = static_cast<std::int64_t>(shape.size());
    if (axis > (inserts ? rank : rank - 1)) continue;
    const auto at = shape.begin() + (from_front ? axis : (inserts ? rank : rank - 1) - axis);
    if (inserts)
      shape.insert(at, extent);
    else
      shape.erase(at);
  }
}

/// Tokens around what a token says.
std::vector<std::string> neighbours_of(const std::string& token) {
  if (token == "true") return {"false"};
  if (token == "false") return {"true"};
  double value = 0;
  try {
    Parameters reader;
    reader.set("value", token);
    value = reader.real("value", 0);
  } catch (const Error&) {
    return {"none"};
  }
  return {real_token(-value), real_token(2 * value), real_token(value + 1), "0", "1", "_1", "0.5", "1.0001", "1e_30"};
}

}  // namespace

Contract contract_of(const Operator& definition, const Problem& problem) {
  try {
    definition.signature(problem);
    return {};
  } catch (const Refused& refusal) {
    return {.refusal = refusal.what()};
  } catch (const Error& error) {
    return {.refusal = error.what(), .is_malformed = true};
  }
}

ProblemDrawer::ProblemDrawer(const Catalogued& entry, const ParameterTokens& more, DrawLimits limits)
    : entry_(entry), limits_(limits), fills_(entry.definition->fills()) {
  std::set<std::string> seen;
  for (const ListedProblem& listed : entry.problems) {
    Problem problem = listed.problem;
    for (const auto& [name, token] : problem.parameters.tokens()) tokens_[name].insert(token);
    if (std::find(dtypes_.begin(), dtypes_.end(), problem.dtype) == dtypes_.end()) dtypes_.push_back(problem.dtype);
    problem.dtype = DType::f32;
    problem.layout = Layout::contiguous;
    problem.fill = Fill::normal;
    if (is_within_limits(problem) && seen.insert(problem.operation() + problem.label()).second)
      templates_.push_back(std::move(problem));
  }
  for (const auto& [name, tokens] : more) tokens_[name].insert(tokens.begin(), tokens.end());
}

bool ProblemDrawer::is_within_limits(const Problem& problem) const {
  if (largest_given_elements(problem) > limits_.elements) return false;
  if (!contract_of(*entry_.definition, problem).takes()) return true;
  double elements = 0;
  const Signature signature = entry_.definition->signature(problem);
  for (const auto* list : {&signature.inputs, &signature.outputs})
    for (const TensorSpec& spec : *list) {
      double count = 1;
      for (const std::int64_t extent : spec.shape) count *= static_cast<double>(std::max<std::int64_t>(extent, 1));
      elements += count;
    }
  return elements <= limits_.elements && entry_.definition->cost(problem).flops <= limits_.operations;
}

void ProblemDrawer::change_numbers(Problem& problem, RandomStream& stream) const {
  const std::vector<NumberPlace> places = number_places(problem);
  if (places.empty()) return;
  const NumberPlace place = pick(places, stream);
  const std::int64_t before = number_at(problem, place);
  const std::int64_t after = place.in_shape ? drawn_extent(stream) : drawn_number(before, stream);
  const std::int64_t mode = stream.below(10);
  const NumberPlace partner = pick(places, stream);
  const std::int64_t of_partner = number_at(problem, partner);
  set_number(problem, place, after);
  if (mode < 6) {
    for (const NumberPlace& other : places)
      if (number_at(problem, other) == before && (!other.in_shape || after >= 0)) set_number(problem, other, after);
  } else if (mode < 8 && before > 0 && after >= 0 && of_partner % before == 0) {
    set_number(problem, partner, of_partner / before * after);
  }
}

void ProblemDrawer::change_parameter(Problem& problem, RandomStream& stream) const {
  if (tokens_.empty()) return;
  const auto& [name, tokens] = pick(tokens_, stream);
  const std::int64_t mode = stream.below(4);
  if (mode == 0) return problem.parameters.remove(name);
  const std::string token = pick(tokens, stream);
  if (mode < 3) return problem.parameters.set(name, token);
  problem.parameters.set(name, pick(neighbours_of(token), stream));
}

void ProblemDrawer::change(Problem& problem, RandomStream& stream) const {
  switch (stream.below(8)) {
    case 0: return change_axes(problem, stream);
    case 1:
    case 2: return change_parameter(problem, stream);
    default: return change_numbers(problem, stream);
  }
}

DrawnProblem ProblemDrawer::draw(std::uint64_t seed, std::uint64_t number) const {
  RandomStream stream(mix64(seed) ^ hash_name(entry_.definition->name()) ^ mix64(~number));
  const bool wants_valid = stream.below(4) != 0;
  constexpr std::array<Layout, 8> kLayouts{Layout::contiguous, Layout::contiguous,    Layout::contiguous,
                                           Layout::contiguous, Layout::channels_last, Layout::strided,
                                           Layout::strided,    Layout::unaligned};
  DrawnProblem drawn;
  drawn.origin = pick(templates_, stream);
  drawn.problem = drawn.origin;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const Problem& origin = pick(templates_, stream);
    Problem problem = origin;
    for (std::int64_t steps = 1 + stream.below(4); steps > 0; --steps) change(problem, stream);
    if (!is_within_limits(problem)) continue;
    drawn = {problem, contract_of(*entry_.definition, problem), origin};
    if (drawn.contract.takes() == wants_valid) break;
  }
  drawn.problem.dtype = pick(dtypes_, stream);
  drawn.problem.layout = pick(kLayouts, stream);
  drawn.problem.fill = stream.below(2) == 0 ? Fill::normal : pick(fills_, stream);
  drawn.origin.dtype = drawn.problem.dtype;
  drawn.origin.layout = drawn.problem.layout;
  drawn.origin.fill = drawn.problem.fill;
  return drawn;
}

}  // namespace lockstep
