// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"
#include "reference/reduction.hpp"

namespace lockstep {

/// Cross entropy of logits (semantics of torch.nn.functional.cross_entropy in PyTorch 1.13). With C classes, a row r for
/// each position, l_rc = log softmax(input)_rc, p_rc = exp(l_rc), class weights w (1 where none are given) and smoothing e:
///
///   class targets:        q_rc = (1 - e) w_t [c = t] + e / C w_c, t the target of r; 0 where t is ignore_index
///   probability targets:  q_rc = w_c ((1 - e) target_rc + e / C)
///   y_r = -sum over c of q_rc l_rc
///   none: y_r;  sum: sum of y_r;  mean: that sum / D, D = sum over kept rows of w_t; with probabilities the number of rows
///   d_input_rc = s_r (p_rc sum over k of q_rk - q_rc), s_r = g_y (none: g_y of r; mean: g_y / D)
///   d_target_rc = -s_r (1 - e) w_c l_rc, for probabilities
///
/// Shapes: input, d_input [C], [N, C] or [N, C, d1, ...]; target: int64 classes [], [N] or [N, d1, ...], or probabilities
/// (and d_target) in input's shape, which alone decides, as in PyTorch; weight [C]; y, g_y scalars, or for none the shape
/// of class targets. Weights get no gradient.
/// Parameters: reduction (mean), ignore_index (-100), label_smoothing (0; a negative one counts as 0). Dtypes: f32, f16,
/// bf16; exponentials, logarithms and sums in f32. Backward recomputes p from input. The mean over no kept row is NaN. The
/// gradient of an ignored row is 0 p_rc, as PyTorch's backward of log_softmax leaves it: 0 wherever the row has a softmax,
/// NaN where it has none (a NaN or +infinity among its logits, or all of them -infinity).
/// Refused: shapes that do not fit; label_smoothing above 1; ignore_index >= 0 with probabilities; targets outside [0, C)
/// that are not ignore_index.
struct CrossEntropy {
  Shape input, target, weight, result_shape;
  bool has_probabilities = false, has_weight = false;
  Reduction reduction = Reduction::mean;
  std::int64_t ignore_index = -100;
  double label_smoothing = 0;
  std::int64_t batch = 1, classes = 1, inner = 1;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit CrossEntropy(const Problem& problem);

  std::int64_t rows() const { return batch * inner; }
  /// Row-major index in input of class `c` of a row.
  std::int64_t index_of(std::int64_t row, std::int64_t c) const {
    return (row / inner * classes + c) * inner + row % inner;
  }
  std::int64_t row_of(std::int64_t index) const { return index / (classes * inner) * inner + index % inner; }
  std::int64_t class_of(std::int64_t index) const { return index / inner % classes; }
  /// Number of the tensor among the signature's inputs; g_y is the last.
  std::size_t weight_input() const { return 2; }
  std::size_t gradient_input() const { return has_weight ? 3 : 2; }
};

/// What an implementation might get wrong on this problem; see faults() of Operator.
std::vector<Fault> cross_entropy_faults(const Problem& problem);

}  // namespace lockstep
