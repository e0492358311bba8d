// SPDX-License-Identifier: Apache-2.0
#include "kernels/shared/group_layout.hpp"

#include <algorithm>
#include <bit>

#include "harness/data/error.hpp"
#include "kernels/shared/merged_axes.hpp"

namespace lockstep {

GroupLayout::GroupLayout(std::int64_t dim, const TensorView& view)
    : groups(1), length(view.shape.empty() ? 1 : view.shape[static_cast<std::size_t>(dim)]) {
  Shape other_extents = view.shape;
  Strides other_strides = view.strides;
  if (!view.shape.empty()) {
    element_stride = view.strides[static_cast<std::size_t>(dim)];
    other_extents.erase(other_extents.begin() + dim);
    other_strides.erase(other_strides.begin() + dim);
  }
  groups = element_count(other_extents);
  // Groups are independent, so their order is free: neighbours in memory become neighbouring groups.
  const std::vector<MergedAxis> merged = merge_axes(other_extents, {other_strides});
  if (merged.size() > kMostAxes)
    throw Error("groups of " + to_text(view.shape) + ": a view of more than 7 separate axes; accepted: 7 beside dim");
  for (auto axis = merged.rbegin(); axis != merged.rend(); ++axis, ++axes) {
    extents[axes] = static_cast<std::uint32_t>(axis->extent);
    strides[axes] = axis->strides[0];
  }
}

bool GroupLayout::rows_take_packs(const TensorView& view, int pack) const {
  return length % pack == 0 && (groups == 1 || row_pitch() % pack == 0) &&
         view.is_aligned(static_cast<std::size_t>(pack) * size_in_bytes(view.dtype));
}

int threads_for_group(std::int64_t length) {
  return static_cast<int>(std::clamp<std::uint64_t>(std::bit_floor(static_cast<std::uint64_t>(length) / 4), 1, 32));
}

}  // namespace lockstep
