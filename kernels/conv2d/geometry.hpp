// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/data/tensor_view.hpp"
#include "reference/conv2d.hpp"

namespace lockstep {

/// Four axes of an activation, [images, channels, height, width]; one without a batch gets an axis of one image.
struct ImageView {
  TensorView tensor;
  std::int64_t images, channels, height, width;
  std::int64_t image_stride, channel_stride, row_stride, column_stride;  // in elements
};

inline ImageView image_view(TensorView tensor) {
  if (tensor.shape.size() == 3) {
    tensor.strides.insert(tensor.strides.begin(), element_count(tensor.shape));
    tensor.shape.insert(tensor.shape.begin(), 1);
  }
  const Shape& shape = tensor.shape;
  const Strides& strides = tensor.strides;
  return {tensor, shape[0], shape[1], shape[2], shape[3], strides[0], strides[1], strides[2], strides[3]};
}

/// Whether neighbours in memory are channels of one pixel rather than pixels of one row.
inline bool channels_are_innermost(const Problem& problem) {
  return problem.layout == Layout::channels_last && problem.shape("x").size() == 4;
}

}  // namespace lockstep
