// SPDX-License-Identifier: Apache-2.0
#include "kernels/softmax/group_layout.hpp"

#include <algorithm>
#include <bit>

#include "harness/data/error.hpp"
#include "kernels/shared/merged_axes.hpp"

namespace lockstep {

GroupLayout::GroupLayout(const Softmax& op, const TensorView& view) : groups(op.groups()), length(op.length) {
  Shape other_extents = view.shape;
  Strides other_strides = view.strides;
  if (!view.shape.empty()) {
    element_stride = view.strides[static_cast<std::size_t>(op.dim)];
    other_extents.erase(other_extents.begin() + op.dim);
    other_strides.erase(other_strides.begin() + op.dim);
  }
  // Groups are independent, so their order is free: neighbours in memory become neighbouring groups.
  const std::vector<MergedAxis> merged = merge_axes(other_extents, {other_strides});
  if (merged.size() > kMostAxes)
    throw Error("softmax, x=" + to_label(op.shape) + ": a view of more than 7 separate axes; accepted: 7 beside dim");
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

bool groups_are_rows(const Problem& problem) {
  const Softmax op(problem);
  return GroupLayout(op, {nullptr, problem.dtype, op.shape, strides_of(op.shape, problem.layout)}).is_rows();
}

}  // namespace lockstep
