// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Softmax along one axis (Bridle 1990; semantics of torch.nn.functional.softmax with a dim).
///
///   y[o, k, i] = exp(x[o, k, i] - max_o,i) / sum_j exp(x[o, j, i] - max_o,i)
///   d_x[o, k, i] = y[o, k, i] (g_y[o, k, i] - sum_j y[o, j, i] g_y[o, j, i])
///
/// Shapes: x, y, g_y, d_x all [*], seen as [outer, length, inner] with the axis `dim` in the middle; (o, i) is a group. A
/// scalar counts as one axis of extent 1.
/// Parameters: dim (required; negative counts from the end). Dtypes: f32, f16, bf16; exponentials and sums in f32.
/// Backward takes x and g_y and recomputes y: that costs arithmetic but no memory traffic, as y would have to be read too.
/// Not-a-numbers: a group that is -inf throughout, or holds +inf or NaN, is NaN throughout; where only some of it is -inf,
/// y and d_x are 0 there.
/// Refused: a dim outside [-rank, rank - 1]. A missing dim is an Error.
struct Softmax {
  std::int64_t dim = 0;  // counted from the front
  std::int64_t outer = 1, length = 1, inner = 1;
  Shape shape;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit Softmax(const Problem& problem);

  std::int64_t groups() const { return outer * inner; }
  std::int64_t group_of(std::int64_t index) const { return index / (length * inner) * inner + index % inner; }
  /// Row-major index of element k of a group.
  std::int64_t index_of(std::int64_t group, std::int64_t k) const {
    return (group / inner * length + k) * inner + group % inner;
  }
};

/// Wrong answers that softmax kernels give; see Operator::faults.
std::vector<Fault> softmax_faults();

}  // namespace lockstep
