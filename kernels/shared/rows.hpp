// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/data/tensor_view.hpp"

namespace lockstep {

/// Elements between the starts of neighbouring rows of `columns` elements. A row may span several trailing axes; in a
/// strided view it is the last axis alone.
inline std::int64_t row_pitch(const TensorView& view, std::int64_t columns) {
  return view.is_contiguous() || view.strides.size() < 2 ? columns : view.strides[view.strides.size() - 2];
}

/// Whether every row can be moved in aligned packs of `pack` elements with none left over.
inline bool rows_take_packs(const TensorView& view, std::int64_t columns, int pack) {
  return columns % pack == 0 && row_pitch(view, columns) % pack == 0 &&
         view.is_aligned(static_cast<std::size_t>(pack) * size_in_bytes(view.dtype));
}

}  // namespace lockstep
