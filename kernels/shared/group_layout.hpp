// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "harness/data/tensor_view.hpp"

namespace lockstep {

/// Where the groups of a tensor along one axis lie in memory, in any layout: element k of a group lies k * element_stride behind its first,
/// and the first elements are spread over at most kMostAxes axes. Axes that continue one another count as one. Copied to the
/// device as it is.
struct GroupLayout {
  static constexpr int kMostAxes = 7;
  std::int64_t groups = 0, length = 0, element_stride = 1;
  /// Axes over groups, the one with the smallest stride first.
  int axes = 0;
  std::uint32_t extents[kMostAxes] = {};
  std::int64_t strides[kMostAxes] = {};

  /// `dim` counts from the front; a scalar is one group of one element. Throws Error when more axes than kMostAxes remain.
  GroupLayout(std::int64_t dim, const TensorView& view);

  /// Whether each group is a row of neighbouring elements, at one distance from the next.
  bool is_rows() const { return (element_stride == 1 || length == 1) && axes <= 1; }
  std::int64_t row_pitch() const { return axes == 0 ? length : strides[0]; }
  /// Whether rows can be moved in aligned packs of `pack` elements with none left over.
  bool rows_take_packs(const TensorView& view, int pack) const;
};

/// Threads that share a group where neighbouring lanes take neighbouring groups: a power of two, with at least 8 elements
/// each where the group has them, at most 32.
int threads_for_group(std::int64_t length);

}  // namespace lockstep
