// SPDX-License-Identifier: Apache-2.0
#include "kernels/shared/merged_axes.hpp"

#include <algorithm>

namespace lockstep {
namespace {

bool continues(const MergedAxis& outer, const MergedAxis& inner) {
  for (std::size_t tensor = 0; tensor < outer.strides.size(); ++tensor)
    if (outer.strides[tensor] != inner.strides[tensor] * inner.extent) return false;
  return true;
}

}  // namespace

std::vector<MergedAxis> merge_axes(const Shape& shape, const std::vector<Strides>& strides) {
  std::vector<MergedAxis> axes;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 1) continue;
    MergedAxis one{shape[axis], {}};
    for (const Strides& of_tensor : strides) one.strides.push_back(of_tensor[axis]);
    axes.push_back(std::move(one));
  }
  std::stable_sort(axes.begin(), axes.end(),
                   [](const MergedAxis& left, const MergedAxis& right) { return left.strides[0] > right.strides[0]; });
  std::vector<MergedAxis> merged;
  for (MergedAxis& axis : axes) {
    if (!merged.empty() && continues(merged.back(), axis)) {
      merged.back().extent *= axis.extent;
      merged.back().strides = std::move(axis.strides);
    } else {
      merged.push_back(std::move(axis));
    }
  }
  return merged;
}

TensorView broadcast_view(const TensorView& view, const Shape& full) {
  TensorView stretched{view.data, view.dtype, full, Strides(full.size(), 0)};
  const std::size_t missing = full.size() - view.shape.size();
  for (std::size_t axis = 0; axis < view.shape.size(); ++axis)
    if (view.shape[axis] != 1) stretched.strides[missing + axis] = view.strides[axis];
  return stretched;
}

}  // namespace lockstep
