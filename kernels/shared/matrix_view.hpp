// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/shared/rows.hpp"

namespace lockstep {

/// A tensor seen as a matrix: `rows` rows of `columns` neighbours, `pitch` elements between the starts of two rows.
struct MatrixView {
  TensorView tensor;
  std::int64_t rows, columns, pitch;

  /// Whether aligned packs of `pack` elements tile every row.
  bool takes_packs(int pack) const {
    return columns % pack == 0 && (rows < 2 || pitch % pack == 0) &&
           tensor.is_aligned(static_cast<std::size_t>(pack) * size_in_bytes(tensor.dtype));
  }
};

}  // namespace lockstep
