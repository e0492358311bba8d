// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

/// Extents by axis, outermost first; the empty shape is a scalar with one element.
using Shape = std::vector<std::int64_t>;
/// Distance in elements between neighbours along each axis.
using Strides = std::vector<std::int64_t>;

/// How a tensor lies in memory; an axis of the problem like its dtype.
/// contiguous: row-major. channels_last: axis 1 innermost (rank 4 and 5). strided: rows of the last axis with a gap behind
/// each, as in a view of a wider tensor. unaligned: row-major, but the first element lies one element past the alignment.
enum class Layout : std::uint8_t { contiguous, channels_last, strided, unaligned };

std::string_view name_of(Layout layout);
Layout parse_layout(std::string_view name);

std::int64_t element_count(const Shape& shape);
Strides row_major_strides(const Shape& shape);
/// Strides of `shape` in `layout`; channels_last falls back to row-major below rank 4, as there is nothing to reorder.
Strides strides_of(const Shape& shape, Layout layout);
/// Elements from the first to one past the last addressed element.
std::int64_t span_in_elements(const Shape& shape, const Strides& strides);
/// Offset in elements of the row-major `index`.
std::int64_t offset_of(std::int64_t index, const Shape& shape, const Strides& strides);
/// Coordinates of the row-major `index`.
Shape coordinates_of(std::int64_t index, const Shape& shape);

/// Calls visit(first index, offset) for each run of the last axis; the offset walks along with the coordinates, since
/// dividing out every element's coordinates would cost more than the copy.
template <class Visit>
void for_each_row(const Shape& shape, const Strides& strides, Visit visit) {
  const std::int64_t count = element_count(shape);
  if (count == 0) return;
  const std::int64_t row = shape.empty() ? 1 : shape.back();
  Shape coordinates(shape.size(), 0);
  std::int64_t offset = 0;
  for (std::int64_t index = 0; index < count; index += row) {
    visit(index, offset);
    for (std::size_t axis = shape.empty() ? 0 : shape.size() - 1; axis-- > 0;) {
      offset += strides[axis];
      if (++coordinates[axis] < shape[axis]) break;
      offset -= strides[axis] * shape[axis];
      coordinates[axis] = 0;
    }
  }
}

/// "16x64x28x28"; "scalar" for rank 0. The grammar of ids.
std::string to_label(const Shape& shape);
/// Throws Error for a malformed label and for more than 2^56 elements.
Shape parse_shape(std::string_view label);
/// "[16, 64, 28, 28]" as PyTorch prints it.
std::string to_text(const Shape& shape);

}  // namespace lockstep
