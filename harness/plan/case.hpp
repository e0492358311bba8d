// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/plan/implementation.hpp"
#include "harness/plan/operator.hpp"

namespace lockstep {

/// A problem with where it comes from.
struct ListedProblem {
  Problem problem;
  /// smoke, edges, models, images
  std::string set;
  /// The layer of the published network, or the edge it stands on.
  std::string source;
};

/// An operator with everything known of it: what it is, how it is computed, on which problems.
struct Catalogued {
  const Operator* definition = nullptr;
  std::vector<Implementation> implementations;
  std::vector<ListedProblem> problems;
};

/// Operator x implementation x problem: what is judged, timed, reported and rerun under one id.
struct Case {
  const Operator* definition = nullptr;
  const Implementation* implementation = nullptr;
  ListedProblem listed;

  const Problem& problem() const { return listed.problem; }
  /// "layer_norm.forward/cuda.warp_per_row/x=256x1024,normalized_shape=1024,dtype=f32"
  std::string id() const;
};

class Catalogue {
 public:
  explicit Catalogue(std::vector<Catalogued> operators) : operators_(std::move(operators)) {}
  const std::vector<Catalogued>& operators() const { return operators_; }
  /// Throws Error naming the operators that exist.
  const Catalogued& find(std::string_view operator_name) const;
  /// All cases of the problem sets, in the order of the catalogue.
  std::vector<Case> cases(std::span<const std::string> sets) const;
  /// The case of an id, listed or not. Throws Error naming the part that does not exist.
  Case parse_case(std::string_view id) const;

 private:
  std::vector<Catalogued> operators_;
};

/// Shell-like pattern: * any run of characters, ? one character; a pattern without either matches as a substring.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace lockstep
