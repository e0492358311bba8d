// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "suites/operators/problem_list.hpp"

namespace lockstep {

/// What one part of synchronised batch norm has beside the problems of every part that sees activations.
struct SyncBatchNormVariation {
  /// Parameters behind the shape of the small problem that every fill is drawn for.
  std::string small_parameters;
  struct Edge {
    std::string label, source;
  };
  std::vector<Edge> edges;
};

/// The problems of a part that sees activations x [N, C, *]: statistics, normalise, gradient_sums, input_gradient. What is
/// hard about a shape is hard for all four: they share how x is walked.
std::vector<ListedProblem> sync_batch_norm_problems(std::string_view operator_name,
                                                    const SyncBatchNormVariation& variation);

}  // namespace lockstep
