// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Arithmetic mean over some axes (semantics of torch.mean).
///
///   y[k] = (sum over r of x[k, r]) / terms,   d_x[k, r] = g_y[k] / terms
///
/// with k the coordinates of the kept axes and r those of the reduced ones.
/// Shapes: x, d_x any rank, 0 included; y, g_y: x without the reduced axes, or with extent 1 there when keepdim.
/// Parameters: dim (none: all axes; an integer or several, negative ones count from the end, an empty list means all),
/// keepdim (false). Dtypes: f32, f16, bf16; sums in f32. The mean of nothing is NaN.
/// Backward takes g_y alone; x is known by its shape. Refused: an axis out of range; an axis named twice.
struct Mean {
  Shape shape, result_shape;
  /// For each axis of x.
  std::vector<bool> is_reduced;
  bool keepdim = false;
  /// Elements of y, and elements of x behind each of them.
  std::int64_t outputs = 1, terms = 1;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit Mean(const Problem& problem);

  /// Row-major index in x of the first term of output `index`.
  std::int64_t first_term(std::int64_t index) const;
  /// Distance in x from an output's first term to its term number `term`, in row-major order of the reduced axes.
  std::int64_t term_offset(std::int64_t term) const {
    return reduced_extents_.size() == 1 ? term * reduced_strides_[0]
                                        : offset_of(term, reduced_extents_, reduced_strides_);
  }
  /// The output to which element `index` of x belongs.
  std::int64_t output_of(std::int64_t index) const;

 private:
  Shape kept_extents_, reduced_extents_;
  Strides kept_strides_, reduced_strides_;
};

}  // namespace lockstep
