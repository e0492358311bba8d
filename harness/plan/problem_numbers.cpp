// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/problem_numbers.hpp"

#include <algorithm>

#include "harness/data/error.hpp"
#include "harness/plan/plain_data.hpp"

namespace lockstep {

std::optional<std::vector<std::int64_t>> integer_list(const std::string& token) {
  Parameters reader;
  reader.set("list", token);
  try {
    return reader.integers("list", {});
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::vector<NumberPlace> number_places(const Problem& problem) {
  std::vector<NumberPlace> places;
  for (std::size_t entry = 0; entry < problem.shapes.size(); ++entry)
    for (std::size_t axis = 0; axis < problem.shapes[entry].second.size(); ++axis)
      places.push_back({true, entry, axis});
  const auto& tokens = problem.parameters.tokens();
  for (std::size_t entry = 0; entry < tokens.size(); ++entry) {
    if (tokens[entry].first == kPlainData) continue;
    if (const auto list = integer_list(tokens[entry].second))
      for (std::size_t position = 0; position < list->size(); ++position) places.push_back({false, entry, position});
  }
  return places;
}

std::int64_t number_at(const Problem& problem, const NumberPlace& place) {
  if (place.in_shape) return problem.shapes[place.entry].second[place.position];
  return integer_list(problem.parameters.tokens()[place.entry].second).value()[place.position];
}

void set_number(Problem& problem, const NumberPlace& place, std::int64_t value) {
  if (place.in_shape) {
    problem.shapes[place.entry].second[place.position] = value;
    return;
  }
  const auto [name, token] = problem.parameters.tokens()[place.entry];
  std::vector<std::int64_t> list = integer_list(token).value();
  list[place.position] = value;
  problem.parameters.set_integers(name, list);
}

double largest_given_elements(const Problem& problem) {
  double largest = 0;
  for (const auto& [name, shape] : problem.shapes) {
    double elements = 1;
    for (const std::int64_t extent : shape) elements *= static_cast<double>(std::max<std::int64_t>(extent, 1));
    largest = std::max(largest, elements);
  }
  return largest;
}

}  // namespace lockstep
