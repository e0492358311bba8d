// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/data/error.hpp"
#include "kernels/mean/plan.hpp"
#include "kernels/shared/fast_division.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

struct AxisOffset {
  std::int64_t x = 0, y = 0;
};

/// Some axes of x, innermost first, in a form that a kernel takes as a parameter. Extents are above 1 and neighbours
/// merged, so kept and reduced axes alternate but for a few: more of a kind would need more memory than there is.
class AxisWalk {
 public:
  void append(const MeanAxis& axis) {
    if (count_ == kMostAxes) throw Error("mean over more than 18 separate axes; accepted: 18");
    extents_[count_] = FastDivision(static_cast<unsigned>(axis.extent));
    x_strides_[count_] = axis.x_stride;
    y_strides_[count_++] = axis.y_stride;
  }
  /// Where the element number `index` (below 2^31) of these axes lies.
  __device__ __forceinline__ AxisOffset at(unsigned index) const {
    AxisOffset offset;
    for (int axis = 0; axis < count_; ++axis) {
      const unsigned rest = extents_[axis].quotient(index);
      const std::int64_t coordinate = index - rest * extents_[axis].divisor();
      offset.x += coordinate * x_strides_[axis];
      offset.y += coordinate * y_strides_[axis];
      index = rest;
    }
    return offset;
  }

 private:
  static constexpr int kMostAxes = 18;
  int count_ = 0;
  FastDivision extents_[kMostAxes];
  std::int64_t x_strides_[kMostAxes] = {}, y_strides_[kMostAxes] = {};
};

}  // namespace lockstep::LOCKSTEP_BACKEND
