// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/data/fill.hpp"
#include "harness/data/shape.hpp"
#include "harness/plan/parameters.hpp"

namespace lockstep {

enum class Direction : std::uint8_t { forward, backward };
std::string_view name_of(Direction direction);

/// One question put to an operator: which direction, on inputs of which shapes, with which parameters, dtype, layout and
/// fill. Its label is the last part of a case's id and reads back as the same problem.
///
/// Label: comma-separated key=value, each key once. First the shapes of the given inputs (x=16x64x28x28), then parameters
/// under PyTorch's names, then dtype, and where they are not the default layout (contiguous) and fill (normal).
struct Problem {
  std::string operator_name;
  Direction direction = Direction::forward;
  /// Shapes of inputs by PyTorch's name. Those that follow from others (a norm's weight) may be left out; where they are
  /// given the operator checks them.
  std::vector<std::pair<std::string, Shape>> shapes;
  Parameters parameters;
  DType dtype = DType::f32;
  Layout layout = Layout::contiguous;
  Fill fill = Fill::normal;

  const Shape* find_shape(std::string_view input) const;
  /// Throws Error when the input's shape is missing.
  const Shape& shape(std::string_view input) const;
  void set_shape(std::string_view input, Shape shape);

  std::string label() const;
  /// "layer_norm.forward"
  std::string operation() const;
};

/// Reads a label; `operation` is "<operator>.<direction>". Throws Error naming the part that cannot be read.
Problem parse_problem(std::string_view operation, std::string_view label);

/// Splits "layer_norm.forward".
std::pair<std::string, Direction> parse_operation(std::string_view operation);

}  // namespace lockstep
