// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "harness/data/shape.hpp"

namespace lockstep {

/// The shape two operands are broadcast to: aligned at the last axis, an extent of 1 (or a missing axis) stretches to
/// the other's. Throws Refused with PyTorch's message where extents differ and neither is 1.
Shape broadcast_shape(const Shape& a, const Shape& b);

/// Strides in elements by which the axes of `full` walk over a row-major tensor of shape `operand`: 0 where it is
/// broadcast.
Strides broadcast_strides(const Shape& operand, const Shape& full);

/// Which elements of a broadcast tensor belong to one element of an operand: what the operand's gradient sums.
class BroadcastCopies {
 public:
  BroadcastCopies(const Shape& operand, const Shape& full);

  std::int64_t count() const { return count_; }
  /// Row-major index in the broadcast shape of the first copy of the operand's element `index`.
  std::int64_t first(std::int64_t index) const { return offset_of(index, kept_extents_, kept_strides_); }
  /// Distance from the first copy to copy number `k`.
  std::int64_t distance(std::int64_t k) const { return offset_of(k, summed_extents_, summed_strides_); }

 private:
  Shape kept_extents_, summed_extents_;
  Strides kept_strides_, summed_strides_;
  std::int64_t count_ = 0;
};

}  // namespace lockstep
