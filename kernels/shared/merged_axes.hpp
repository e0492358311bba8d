// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/data/tensor_view.hpp"

namespace lockstep {

/// One axis that several tensors walk together: how far, and by how many elements each of them steps.
struct MergedAxis {
  std::int64_t extent = 1;
  std::vector<std::int64_t> strides;  // by tensor
};

/// The axes of tensors of one shape with as few axes as possible, outermost first: extents of 1 are dropped, axes are
/// ordered by the stride of the first tensor (which must have no broadcast axes), and neighbours are merged where every
/// tensor steps over the inner one exactly once per step of the outer. A dense tensor of any layout becomes one axis.
std::vector<MergedAxis> merge_axes(const Shape& shape, const std::vector<Strides>& strides);

/// The tensor seen in the shape it is broadcast to: stride 0 along the axes it is stretched over.
TensorView broadcast_view(const TensorView& view, const Shape& full);

}  // namespace lockstep
