// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/data/tensor_view.hpp"

namespace lockstep {

/// Elements between the starts of neighbouring rows (runs of the last axis) of a row-major or strided tensor.
inline std::int64_t row_pitch(const TensorView& view) {
  return view.strides.size() < 2 ? view.count() : view.strides[view.strides.size() - 2];
}

/// Whether every row can be moved in aligned packs of `pack` elements with none left over.
inline bool rows_take_packs(const TensorView& view, int pack) {
  const std::int64_t columns = view.shape.empty() ? 1 : view.shape.back();
  return columns % pack == 0 && row_pitch(view) % pack == 0 &&
         view.is_aligned(static_cast<std::size_t>(pack) * size_in_bytes(view.dtype));
}

}  // namespace lockstep
