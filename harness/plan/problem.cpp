// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/problem.hpp"

#include <algorithm>
#include <tuple>

#include "harness/data/error.hpp"
#include "harness/data/printable.hpp"
#include "harness/plan/asked_names.hpp"

namespace lockstep {
namespace {

/// The gradient that an optimiser takes, or one of several: grad, grad0, grad1, ...
bool is_gradient(std::string_view key) {
  constexpr std::string_view kStem = "grad";
  return key.starts_with(kStem) && key.find_first_not_of("0123456789", kStem.size()) == std::string_view::npos;
}

/// A shape is told from a parameter by its key: inputs of operators carry these names everywhere.
bool names_an_input(std::string_view key) {
  return key == "x" || key == "a" || key == "b" || key == "input" || key == "target" || key == "weight" ||
         key == "indices" || key == "means" || key == "bias" || key == "running_mean" || key == "running_var" ||
         is_gradient(key);
}

/// `bias` is both: a shape where it is given, a boolean where the operator is asked to have one or none.
bool is_shape(std::string_view key, std::string_view value) {
  return names_an_input(key) && !(key == "bias" && (value == "true" || value == "false"));
}

}  // namespace

std::string_view name_of(Direction direction) { return direction == Direction::forward ? "forward" : "backward"; }

const Shape* Problem::find_shape(std::string_view input) const {
  AskedNames::note(input);
  for (const auto& [name, extents] : shapes)
    if (name == input) return &extents;
  return nullptr;
}

const Shape& Problem::shape(std::string_view input) const {
  if (const Shape* found = find_shape(input)) return *found;
  throw Error(operator_name + ": the shape of input " + in_quotes(input) +
              " is missing; accepted: " + std::string(input) + "=16x64");
}

void Problem::set_shape(std::string_view input, Shape extents) {
  for (auto& [name, old] : shapes)
    if (name == input) {
      old = std::move(extents);
      return;
    }
  shapes.emplace_back(input, std::move(extents));
}

std::string Problem::operation() const { return operator_name + "." + std::string(name_of(direction)); }

std::string Problem::label() const {
  std::string text;
  const auto append = [&text](std::string_view key, std::string_view value) {
    if (!text.empty()) text += ',';
    text.append(key).append("=").append(value);
  };
  // Each key once: a shape says that there is a bias, the parameter alone that there is none.
  for (const auto& [input, extents] : shapes)
    if (names_an_input(input) && parameters.text(input, "true") == "true") append(input, to_label(extents));
  for (const auto& [name, token] : parameters.tokens())
    if (token != "true" || !names_an_input(name) || !find_shape(name)) append(name, token);
  append("dtype", name_of(dtype));
  if (layout != Layout::contiguous) append("layout", name_of(layout));
  if (fill != Fill::normal) append("fill", name_of(fill));
  return text;
}

std::pair<std::string, Direction> parse_operation(std::string_view operation) {
  const std::size_t dot = operation.rfind('.');
  const std::string_view direction = dot == std::string_view::npos ? "" : operation.substr(dot + 1);
  if (direction == "forward") return {std::string(operation.substr(0, dot)), Direction::forward};
  if (direction == "backward") return {std::string(operation.substr(0, dot)), Direction::backward};
  throw Error("unknown operation " + in_quotes(operation) + "; accepted: <operator>.forward or <operator>.backward");
}

Problem parse_problem(std::string_view operation, std::string_view label) {
  Problem problem;
  std::tie(problem.operator_name, problem.direction) = parse_operation(operation);
  std::vector<std::string_view> keys;
  for (std::size_t at = 0; at <= label.size();) {
    const std::size_t end = std::min(label.find(',', at), label.size());
    const std::string_view part = label.substr(at, end - at);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0)
      throw Error("malformed problem " + in_quotes(label) + " at " + in_quotes(part) +
                  "; accepted: key=value joined by commas");
    const std::string_view key = part.substr(0, equals), value = part.substr(equals + 1);
    if (std::find(keys.begin(), keys.end(), key) != keys.end())
      throw Error("problem " + in_quotes(label) + " has the key " + in_quotes(key) + " twice; accepted: each key once");
    keys.push_back(key);
    if (key == "dtype")
      problem.dtype = parse_dtype(value);
    else if (key == "layout")
      problem.layout = parse_layout(value);
    else if (key == "fill")
      problem.fill = parse_fill(value);
    else if (is_shape(key, value))
      problem.set_shape(key, parse_shape(value));
    else
      problem.parameters.set(key, std::string(value));
    at = end + 1;
  }
  return problem;
}

}  // namespace lockstep
