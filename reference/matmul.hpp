// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Product of matrices, with broadcasting over batches (semantics of torch.matmul).
///
///   y[z, i, j] = sum over p of a[z, i, p] b[z, p, j]
///   d_a[z, i, p] = sum over j of g_y[z, i, j] b[z, p, j]      d_b[z, p, j] = sum over i of a[z, i, p] g_y[z, i, j]
///
/// and where an operand is broadcast over batches z its gradient also sums over those that share its matrix.
/// Shapes: a, d_a [*, m, k] or [k] (m is 1); b, d_b [*, k, n] or [k] (n is 1); y, g_y [*, m, n] with the broadcast batch
/// axes in front, without the axis of a factor that has one axis only. Dtypes: f32, f16, bf16; sums in f32.
/// Refused: a factor without axes; batches that do not broadcast; inner extents that differ.
struct Matmul {
  Shape a, b, y;
  /// Axes of batches: the broadcast ones, and each factor's own.
  Shape batch, a_batch, b_batch;
  std::int64_t m = 1, n = 1, k = 1;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit Matmul(const Problem& problem);

  std::int64_t batches() const { return element_count(batch); }
  std::int64_t a_matrices() const { return element_count(a_batch); }
  std::int64_t b_matrices() const { return element_count(b_batch); }
  /// Batches that share one matrix of a, or of b.
  std::int64_t a_copies() const { return a_matrices() == 0 ? 0 : batches() / a_matrices(); }
  std::int64_t b_copies() const { return b_matrices() == 0 ? 0 : batches() / b_matrices(); }
};

/// What an implementation might get wrong in this direction; see faults() of Operator.
std::vector<Fault> matmul_faults(const Problem& problem);

}  // namespace lockstep
