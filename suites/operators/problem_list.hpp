// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "harness/plan/case.hpp"

namespace lockstep {

/// Builds an operator's problems: each added label stands for its variants in dtypes, directions, fills and layouts.
///
///   ProblemList list("layer_norm");
///   list.in("smoke").dtypes({f32, f16, bf16}).add("x=8x64,normalized_shape=64", "a small transformer block");
///
/// Settings stay until changed; `in` starts a set with all three dtypes, every direction, the normal fill, contiguous.
class ProblemList {
 public:
  /// `all_directions`: those the operator has.
  explicit ProblemList(std::string_view operator_name,
                       std::vector<Direction> all_directions = {Direction::forward, Direction::backward})
      : operator_name_(operator_name), all_directions_(std::move(all_directions)) {}

  ProblemList& in(std::string_view set);
  ProblemList& dtypes(std::vector<DType> dtypes);
  ProblemList& directions(std::vector<Direction> directions);
  ProblemList& fills(std::vector<Fill> fills);
  ProblemList& layouts(std::vector<Layout> layouts);
  /// `label`: shapes and parameters as in Problem::label, without dtype, layout, fill. `source`: the layer of the published
  /// network with its reference, or the edge the shape stands on.
  ProblemList& add(std::string_view label, std::string_view source);

  std::vector<ListedProblem> take() { return std::move(problems_); }

 private:
  std::string operator_name_, set_;
  std::vector<DType> dtypes_;
  std::vector<Direction> all_directions_, directions_;
  std::vector<Fill> fills_;
  std::vector<Layout> layouts_;
  std::vector<ListedProblem> problems_;
};

}  // namespace lockstep
