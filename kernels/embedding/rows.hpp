// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/data/tensor_view.hpp"

namespace lockstep {

/// Distance in elements between the looked-up rows of y or g_y [*, embedding_dim], whose last axis is dense.
inline std::int64_t row_pitch(const TensorView& view) {
  return view.shape.size() < 2 ? view.shape.back() : view.strides[view.strides.size() - 2];
}

}  // namespace lockstep
