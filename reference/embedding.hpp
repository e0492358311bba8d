// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Rows of a table, looked up by index (semantics of torch.nn.functional.embedding).
///
///   y[i..., d] = weight[indices[i...], d]
///   d_weight[v, d] = sum of g_y[i..., d] over the i with indices[i...] = v; zeros for v = padding_idx;
///                    divided by the number of those i with scale_grad_by_freq
///
/// The padding row is read as it is; only its gradient is zero. Shapes: weight, d_weight [num_embeddings, embedding_dim];
/// indices [*]; y, g_y [*, embedding_dim]. Parameters (default): padding_idx (none; counted from the end where negative),
/// scale_grad_by_freq (false). Dtypes: weight, y and gradients f32, f16, bf16; indices i64. y is a pure copy; gradients are
/// summed in f32. Backward takes g_y, indices. Refused: a weight of another rank; a padding_idx outside of the table; an
/// index outside of it, negative ones included.
struct Embedding {
  std::int64_t num_embeddings = 0, embedding_dim = 0;
  /// Row without gradient; -1: none.
  std::int64_t padding_row = -1;
  bool scale_grad_by_freq = false;
  Shape weight_shape, indices_shape, output_shape;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit Embedding(const Problem& problem);
  std::int64_t lookups() const { return element_count(indices_shape); }
};

/// Which lookups read each row, ascending: those of row v are lookups[begins[v]] to lookups[begins[v + 1] - 1].
struct EmbeddingLookups {
  std::vector<std::int64_t> begins, lookups;

  /// `row_of(i)`: the row that lookup i reads, which passed Operator::check_inputs.
  template <class RowOf>
  EmbeddingLookups(const Embedding& op, RowOf row_of)
      : begins(static_cast<std::size_t>(op.num_embeddings) + 1), lookups(static_cast<std::size_t>(op.lookups())) {
    for (std::int64_t i = 0; i < op.lookups(); ++i) ++begins[static_cast<std::size_t>(row_of(i)) + 1];
    for (std::size_t row = 1; row < begins.size(); ++row) begins[row] += begins[row - 1];
    std::vector<std::int64_t> next(begins.begin(), begins.end() - 1);
    for (std::int64_t i = 0; i < op.lookups(); ++i)
      lookups[static_cast<std::size_t>(next[static_cast<std::size_t>(row_of(i))]++)] = i;
  }
};

std::vector<Fault> embedding_faults(const Problem& problem);

}  // namespace lockstep
