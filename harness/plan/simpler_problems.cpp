// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/simpler_problems.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/plan/problem_numbers.hpp"

namespace lockstep {
namespace {

using Visit = std::function<bool(const Problem&)>;
using Places = std::vector<NumberPlace>;

double rank_of(Fill fill) {
  switch (fill) {
    case Fill::exact: return 0;
    case Fill::normal: return 1;
    case Fill::small:
    case Fill::offset: return 2;
    case Fill::adversarial: return 3;
    case Fill::special: return 4;
    case Fill::images: return 5;
  }
  return 6;
}

double size_of(const Problem& problem, const NumberPlace& place) {
  const auto value = static_cast<double>(number_at(problem, place));
  if (!place.in_shape) return value < 0 ? 0.5 - value : value;
  return value == 0 ? 1.5 : value;
}

/// Values below a number: an extent stays above 0, a parameter may become 0 and lose its sign.
std::vector<std::int64_t> smaller_numbers(const NumberPlace& place, std::int64_t value) {
  if (place.in_shape) return value == 0 ? std::vector<std::int64_t>{1} : smaller_extents(value);
  std::vector<std::int64_t> values = smaller_extents(std::abs(value));
  if (value != 0) values.insert(values.begin(), 0);
  if (value < 0) values.push_back(-value);
  return values;
}

Problem with_numbers(Problem problem, const Places& places, std::int64_t value) {
  for (const NumberPlace& place : places) set_number(problem, place, value);
  return problem;
}

bool visit_equal_numbers(const Problem& problem, const Places& places, const Visit& visit) {
  std::set<std::int64_t, std::greater<>> values;
  for (const NumberPlace& place : places) values.insert(number_at(problem, place));
  for (const std::int64_t value : values) {
    Places equal;
    for (const NumberPlace& place : places)
      if (number_at(problem, place) == value) equal.push_back(place);
    if (equal.size() < 2 || value < 2) continue;
    for (const std::int64_t smaller : smaller_extents(value))
      if (visit(with_numbers(problem, equal, smaller))) return true;
  }
  return false;
}

bool visit_single_numbers(const Problem& problem, const Places& places, const Visit& visit) {
  for (const NumberPlace& place : places)
    for (const std::int64_t smaller : smaller_numbers(place, number_at(problem, place)))
      if (visit(with_numbers(problem, {place}, smaller))) return true;
  return false;
}

bool visit_pairs(const Problem& problem, const Places& places, const Visit& is_valid, const Visit& visit) {
  const auto can_move = [&](const NumberPlace& place, std::int64_t value) {
    return is_valid(with_numbers(problem, {place}, value));
  };
  for (std::size_t i = 0; i < places.size(); ++i)
    for (std::size_t j = i + 1; j < places.size(); ++j) {
      const std::int64_t a = number_at(problem, places[i]), b = number_at(problem, places[j]);
      if (a < 2 || b < 2) continue;
      const auto both = [&](std::int64_t of_a, std::int64_t of_b) {
        if (can_move(places[i], of_a) || can_move(places[j], of_b)) return false;
        Problem moved = with_numbers(problem, {places[i]}, of_a);
        set_number(moved, places[j], of_b);
        return visit(moved);
      };
      if (a == b) {
        for (const std::int64_t smaller : smaller_extents(a))
          if (both(smaller, smaller)) return true;
        continue;
      }
      if (both(1, 1) || both(a / 2, b / 2)) return true;
      for (const std::int64_t factor : {7, 5, 3, 2})
        if (a % factor == 0 && b % factor == 0 && both(a / factor, b / factor)) return true;
      if (both(a - 1, b - 1)) return true;
    }
  return false;
}

void remove_number(Problem& problem, const NumberPlace& place) {
  const auto [name, token] = problem.parameters.tokens()[place.entry];
  std::vector<std::int64_t> list = integer_list(token).value();
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(place.position));
  problem.parameters.set_integers(name, list);
}

/// Problems with an axis less: of one shape, or of all that have it, counted from the front or from the back.
std::vector<Problem> with_an_axis_less(const Problem& problem) {
  std::vector<Problem> results;
  std::size_t most_axes = 0;
  for (const auto& [name, shape] : problem.shapes) most_axes = std::max(most_axes, shape.size());
  for (const bool from_front : {true, false})
    for (std::size_t axis = 0; axis < most_axes; ++axis) {
      Problem all = problem;
      for (std::size_t entry = 0; entry < problem.shapes.size(); ++entry) {
        const auto rank = problem.shapes[entry].second.size();
        if (axis >= rank) continue;
        const auto at = static_cast<std::ptrdiff_t>(from_front ? axis : rank - 1 - axis);
        Shape& shape = all.shapes[entry].second;
        shape.erase(shape.begin() + at);
        if (!from_front) continue;
        results.push_back(problem);
        Shape& alone = results.back().shapes[entry].second;
        alone.erase(alone.begin() + at);
      }
      results.push_back(std::move(all));
    }
  return results;
}

/// Problems in which two neighbouring axes are one: of one shape, or of all that have both.
std::vector<Problem> with_axes_merged(const Problem& problem) {
  std::vector<Problem> results;
  const auto merge = [](Shape& shape, std::size_t axis) {
    shape[axis] *= shape[axis + 1];
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1);
  };
  std::size_t most_axes = 0;
  for (const auto& [name, shape] : problem.shapes) most_axes = std::max(most_axes, shape.size());
  for (std::size_t axis = 0; axis + 1 < most_axes; ++axis) {
    Problem all = problem;
    for (std::size_t entry = 0; entry < problem.shapes.size(); ++entry) {
      if (axis + 1 >= problem.shapes[entry].second.size()) continue;
      merge(all.shapes[entry].second, axis);
      results.push_back(problem);
      merge(results.back().shapes[entry].second, axis);
    }
    results.push_back(std::move(all));
  }
  return results;
}

bool visit_fewer_axes(const Problem& problem, const Places& places, const Visit& visit) {
  std::vector<Problem> results = with_an_axis_less(problem);
  for (Problem& merged : with_axes_merged(problem)) results.push_back(std::move(merged));
  for (const Problem& fewer : results) {
    if (visit(fewer)) return true;
    for (const NumberPlace& place : places) {
      if (place.in_shape) continue;
      Problem changed = fewer;  // an axis that a parameter names has moved, or is gone
      set_number(changed, place, number_at(problem, place) - 1);
      if (visit(changed)) return true;
      changed = fewer;
      remove_number(changed, place);
      if (visit(changed)) return true;
    }
  }
  return false;
}

bool visit_shorter_lists(const Problem& problem, const Places& places, const Visit& visit) {
  for (const NumberPlace& element : places) {
    if (element.in_shape) continue;
    Problem shorter = problem;
    remove_number(shorter, element);
    if (visit(shorter)) return true;
    for (const NumberPlace& extent : places) {  // an extent that says how long the list is
      if (!extent.in_shape || number_at(problem, extent) < 2) continue;
      Problem both = shorter;
      set_number(both, extent, number_at(problem, extent) - 1);
      if (visit(both)) return true;
    }
  }
  return false;
}

bool visit_fewer_parameters(const Problem& problem, const Places& places, const Visit& visit) {
  for (std::size_t entry = 0; entry < problem.shapes.size(); ++entry) {
    Problem fewer = problem;
    fewer.shapes.erase(fewer.shapes.begin() + static_cast<std::ptrdiff_t>(entry));
    if (visit(fewer)) return true;
  }
  for (const auto& [name, token] : problem.parameters.tokens()) {
    Problem fewer = problem;
    fewer.parameters.remove(name);
    if (visit(fewer)) return true;
    const auto list = integer_list(token);
    if (!list || list->size() != 1 || list->front() < 2) continue;
    for (const NumberPlace& place : places) {  // as many groups less, as many channels less
      if (!place.in_shape || number_at(problem, place) % list->front() != 0) continue;
      Problem divided = fewer;
      set_number(divided, place, number_at(problem, place) / list->front());
      if (visit(divided)) return true;
    }
  }
  return false;
}

bool visit_plainer_settings(const Operator& definition, const Problem& problem, const Visit& visit) {
  Problem plainer = problem;
  plainer.layout = Layout::contiguous;
  if (visit(plainer)) return true;
  std::vector<Fill> fills = definition.fills();
  fills.push_back(Fill::normal);
  std::sort(fills.begin(), fills.end(), [](Fill a, Fill b) { return rank_of(a) < rank_of(b); });
  for (const Fill fill : fills) {
    plainer = problem;
    plainer.fill = fill;
    if (visit(plainer)) return true;
  }
  for (const auto& [name, token] : problem.parameters.tokens()) {
    if (integer_list(token)) continue;
    for (const char* simple : {"0", "1", "0.5"}) {
      plainer = problem;
      plainer.parameters.set(name, simple);
      if (visit(plainer)) return true;
    }
  }
  return false;
}

}  // namespace

Complexity complexity_of(const Operator& definition, const Problem& problem) {
  Complexity result{};
  result[0] = static_cast<double>(problem.parameters.tokens().size() + problem.shapes.size());
  result[1] = problem.layout == Layout::contiguous ? 0 : 1;
  result[2] = rank_of(problem.fill);
  const Signature signature = definition.signature(problem);
  for (const auto* list : {&signature.inputs, &signature.outputs})
    for (const TensorSpec& spec : *list) {
      double elements = 1;
      for (const std::int64_t extent : spec.shape) elements *= static_cast<double>(std::max<std::int64_t>(extent, 1));
      result[3] += elements;
    }
  for (const auto& [name, shape] : problem.shapes) result[4] += static_cast<double>(shape.size());
  for (const NumberPlace& place : number_places(problem)) result[5] += size_of(problem, place);
  for (const auto& [name, token] : problem.parameters.tokens())
    if (!integer_list(token)) result[6] += static_cast<double>(token.size());
  return result;
}

std::vector<std::int64_t> smaller_extents(std::int64_t extent) {
  if (extent < 2) return {};
  std::set<std::int64_t> values{1, 2, 3, extent / 2, extent / 4 * 3, extent / 8 * 7, extent - 1};
  for (std::int64_t tile = 2; tile < extent && tile < (std::int64_t{1} << 40); tile *= 2)
    values.insert({extent % tile, extent - tile, tile - 1, tile, tile + 1});
  return {values.upper_bound(0), values.lower_bound(extent)};
}

bool visit_simpler(const Operator& definition, const Problem& problem, const Visit& is_valid, const Visit& visit) {
  const Places places = number_places(problem);
  return visit_equal_numbers(problem, places, visit) || visit_single_numbers(problem, places, visit) ||
         visit_fewer_parameters(problem, places, visit) || visit_fewer_axes(problem, places, visit) ||
         visit_plainer_settings(definition, problem, visit) || visit_shorter_lists(problem, places, visit) ||
         visit_pairs(problem, places, is_valid, visit);
}

}  // namespace lockstep
