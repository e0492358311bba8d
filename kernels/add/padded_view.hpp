// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "harness/data/tensor_view.hpp"

namespace lockstep {

/// The tensor with leading axes of extent 1 until it has `axes`: the libraries broadcast by extents of 1 and count axes
/// from the left. Strides of an axis of extent 1 are set to what a dense tensor would have, as the libraries check
/// them.
inline TensorView padded_view(const TensorView& view, std::size_t axes) {
  TensorView padded = view;
  const std::size_t missing = axes - view.shape.size();
  padded.shape.insert(padded.shape.begin(), missing, 1);
  padded.strides.insert(padded.strides.begin(), missing, std::max<std::int64_t>(view.count(), 1));
  return padded;
}

}  // namespace lockstep
