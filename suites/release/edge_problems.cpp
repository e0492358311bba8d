// SPDX-License-Identifier: Apache-2.0
#include "suites/release/edge_problems.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "harness/data/error.hpp"
#include "harness/data/random.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kLeastElements = 64;
// A parameter below this is a kernel size, a stride, an axis: equal to an extent by chance.
constexpr std::int64_t kLeastTiedParameter = 5;
constexpr std::int64_t kBeyond = (std::int64_t{1} << 31) + 1;

bool accepts(const Operator& definition, const Problem& problem) {
  try {
    definition.signature(problem);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::int64_t elements_of(const Operator& definition, const Problem& problem, bool largest_alone = false) {
  const Signature signature = definition.signature(problem);
  std::int64_t sum = 0, largest = 0;
  for (const auto* list : {&signature.inputs, &signature.outputs})
    for (const TensorSpec& spec : *list) {
      const std::int64_t count = element_count(spec.shape);
      sum += count;
      largest = std::max(largest, count);
    }
  return largest_alone ? largest : sum;
}

void replace_extents(Problem& problem, std::int64_t from, std::int64_t to) {
  for (auto& [name, shape] : problem.shapes) std::replace(shape.begin(), shape.end(), from, to);
}

void replace_parameters(Problem& problem, std::int64_t from, std::int64_t to) {
  if (from < kLeastTiedParameter) return;
  const std::vector<std::pair<std::string, std::string>> tokens = problem.parameters.tokens();
  for (const auto& [name, token] : tokens) {
    if (token.find_first_not_of("0123456789x") != std::string::npos) continue;
    std::vector<std::int64_t> numbers = problem.parameters.integers(name, {});
    if (std::find(numbers.begin(), numbers.end(), from) == numbers.end()) continue;
    std::replace(numbers.begin(), numbers.end(), from, to);
    problem.parameters.set_integers(name, numbers);
  }
}

/// Ranks and names of what is given: two calls with one key are of one kind.
std::string kind_of(const Problem& problem) {
  std::string key;
  for (const auto& [name, shape] : problem.shapes) key += name + std::to_string(shape.size()) + ",";
  for (const auto& [name, token] : problem.parameters.tokens()) {
    // reduction=sum is another kind than reduction=mean, and dim=0 than dim=1; eps=0.1 is none, nor a length.
    const bool is_word = token.find_first_of("0123456789") == std::string::npos;
    const bool is_choice = is_word || token.size() <= 2;
    key += name + (is_choice ? "=" + token : "") + ",";
  }
  return key;
}

ListedProblem derived(const ListedProblem& base, Problem problem, std::string set, std::string source) {
  return {std::move(problem), std::move(set), std::move(source) + ", from " + base.problem.label()};
}

void shuffle(std::vector<ListedProblem>& problems, std::uint64_t seed) {
  RandomStream stream(seed ^ hash_name("edge order"));
  for (std::size_t i = problems.size(); i > 1; --i)
    std::swap(problems[i - 1], problems[static_cast<std::size_t>(stream.below(static_cast<std::int64_t>(i)))]);
}

}  // namespace

std::vector<std::int64_t> edge_sizes(std::int64_t limit) {
  std::set<std::int64_t> sizes{1, 2, 3, 4, 5};
  const auto add = [&](std::int64_t edge) {
    for (const std::int64_t size : {edge - 1, edge, edge + 1})
      if (size >= 1 && size <= limit) sizes.insert(size);
  };
  for (std::int64_t power = 8; power - 1 <= limit; power *= 2) {
    add(power);
    if (power >= 64) add(power + power / 2);  // three warps, six warps, ...: blocks that are no power of two
  }
  return {sizes.begin(), sizes.upper_bound(limit)};
}

std::optional<Problem> with_extent(const Operator& definition, const Problem& problem, std::size_t input,
                                   std::size_t axis, std::int64_t extent) {
  const std::int64_t before = problem.shapes[input].second[axis];
  if (before == extent) return problem;
  Problem alone = problem;
  alone.shapes[input].second[axis] = extent;
  if (accepts(definition, alone)) return alone;
  Problem together = problem;
  replace_extents(together, before, extent);
  if (accepts(definition, together)) return together;
  replace_parameters(together, before, extent);
  if (accepts(definition, together)) return together;
  replace_parameters(alone, before, extent);
  if (accepts(definition, alone)) return alone;
  return std::nullopt;
}

std::vector<ListedProblem> base_problems(const Catalogued& entry, Direction direction, std::size_t most) {
  std::map<std::string, std::pair<std::int64_t, ListedProblem>> smallest;
  std::vector<std::string> order;
  for (const ListedProblem& listed : entry.problems) {
    ListedProblem base = listed;
    Problem& problem = base.problem;
    if (problem.direction != direction || problem.layout != Layout::contiguous || problem.fill != Fill::normal)
      continue;
    problem.dtype = DType::f32;
    if (!accepts(*entry.definition, problem)) continue;
    const std::int64_t elements = elements_of(*entry.definition, problem);
    if (elements < kLeastElements) continue;
    const std::string kind = kind_of(problem);
    const auto found = smallest.find(kind);
    if (found == smallest.end()) {
      order.push_back(kind);
      smallest.emplace(kind, std::pair(elements, std::move(base)));
    } else if (elements < found->second.first) {
      found->second = {elements, std::move(base)};
    }
  }
  std::vector<ListedProblem> bases;
  for (const std::string& kind : order)
    if (bases.size() < most) bases.push_back(smallest.at(kind).second);
  return bases;
}

bool is_within(const Operator& definition, const Problem& problem, const ProblemLimit& limit) {
  return elements_of(definition, problem) <= limit.elements && definition.cost(problem).flops <= limit.flops;
}

std::vector<ListedProblem> edge_problems(const Operator& definition, const std::vector<ListedProblem>& bases,
                                         const ProblemLimit& limit, std::int64_t largest_size, int drawn,
                                         std::uint64_t seed) {
  const std::vector<std::int64_t> sizes = edge_sizes(largest_size);
  std::vector<ListedProblem> problems;
  std::set<std::string> seen;
  const auto add = [&](const ListedProblem& base, const Problem& problem, const std::string& source) {
    if (is_within(definition, problem, limit) && seen.insert(problem.label()).second)
      problems.push_back(derived(base, problem, "tile_edges", source));
  };
  RandomStream stream(seed ^ hash_name("edges at once"));
  for (const ListedProblem& base : bases) {
    const auto& shapes = base.problem.shapes;
    for (std::size_t input = 0; input < shapes.size(); ++input)
      for (std::size_t axis = 0; axis < shapes[input].second.size(); ++axis)
        for (const std::int64_t size : sizes)
          if (const auto changed = with_extent(definition, base.problem, input, axis, size))
            add(base, *changed, "axis " + std::to_string(axis) + " of " + shapes[input].first + " at an edge");
    for (int draw = 0; draw < drawn; ++draw) {
      Problem problem = base.problem;
      for (std::size_t input = 0; input < shapes.size(); ++input)
        for (std::size_t axis = 0; axis < shapes[input].second.size(); ++axis) {
          const std::int64_t size =
              sizes[static_cast<std::size_t>(stream.below(static_cast<std::int64_t>(sizes.size())))];
          // A step that would make it too large is left out, not the draw.
          const auto changed = with_extent(definition, problem, input, axis, size);
          if (changed && is_within(definition, *changed, limit)) problem = *changed;
        }
      add(base, problem, "every axis at an edge");
    }
  }
  shuffle(problems, seed);
  return problems;
}

std::vector<ListedProblem> layout_problems(const std::vector<ListedProblem>& bases) {
  std::vector<ListedProblem> problems;
  for (const ListedProblem& base : bases)
    for (const Layout layout : {Layout::channels_last, Layout::strided, Layout::unaligned}) {
      Problem problem = base.problem;
      problem.layout = layout;
      problems.push_back(derived(base, std::move(problem), "layouts", "another layout"));
    }
  return problems;
}

std::optional<ListedProblem> huge_problem(const Operator& definition, const std::vector<ListedProblem>& bases) {
  std::optional<ListedProblem> best;
  double least_bytes = 0;
  for (const ListedProblem& base : bases)
    for (std::size_t input = 0; input < base.problem.shapes.size(); ++input)
      for (std::size_t axis = 0; axis < base.problem.shapes[input].second.size(); ++axis) {
        const std::int64_t before = base.problem.shapes[input].second[axis];
        const std::int64_t largest = elements_of(definition, base.problem, true);
        if (before < 1 || largest < before) continue;
        auto grown = with_extent(definition, base.problem, input, axis, kBeyond / (largest / before) + 1);
        if (!grown) continue;
        grown->dtype = DType::f16;
        if (!accepts(definition, *grown) || elements_of(definition, *grown, true) < kBeyond) continue;
        const double bytes = memory_need(definition, *grown, true).host_bytes;
        if (best && bytes >= least_bytes) continue;
        least_bytes = bytes;
        best = derived(base, std::move(*grown), "beyond_2_31", "a tensor of more than 2^31 elements");
      }
  return best;
}

MemoryNeed memory_need(const Operator& definition, const Problem& problem, bool device_shares_memory) {
  const Signature signature = definition.signature(problem);
  MemoryNeed need;
  double placed = 0;
  for (const auto* list : {&signature.inputs, &signature.outputs})
    for (const TensorSpec& spec : *list)
      placed += static_cast<double>(element_count(spec.shape)) * static_cast<double>(size_in_bytes(spec.dtype));
  // Inputs are held once as values (four bytes or more an element), and every tensor once as the host sees it.
  for (const TensorSpec& spec : signature.inputs)
    need.host_bytes += static_cast<double>(element_count(spec.shape)) *
                       static_cast<double>(std::max<std::size_t>(size_in_bytes(spec.dtype), 4));
  need.host_bytes += placed;
  if (!device_shares_memory) need.device_bytes = placed;
  return need;
}

}  // namespace lockstep
