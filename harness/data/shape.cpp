// SPDX-License-Identifier: Apache-2.0
#include "harness/data/shape.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "harness/data/error.hpp"
#include "harness/data/printable.hpp"

namespace lockstep {
namespace {

constexpr std::array<std::pair<Layout, std::string_view>, 4> kLayouts{{{Layout::contiguous, "contiguous"},
                                                                       {Layout::channels_last, "channels_last"},
                                                                       {Layout::strided, "strided"},
                                                                       {Layout::unaligned, "unaligned"}}};
// Odd, so that a strided row of 16-bit or 32-bit numbers starts off every vector boundary.
constexpr std::int64_t kRowGap = 3;
// Bytes and offsets computed from a shape that was read must not overflow.
constexpr std::int64_t kMostElements = std::int64_t{1} << 56;

}  // namespace

std::string_view name_of(Layout layout) { return kLayouts[static_cast<std::size_t>(layout)].second; }

Layout parse_layout(std::string_view name) {
  for (const auto& [layout, text] : kLayouts)
    if (text == name) return layout;
  throw Error("unknown layout " + in_quotes(name) + "; accepted: contiguous, channels_last, strided, unaligned");
}

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

Strides row_major_strides(const Shape& shape) {
  Strides strides(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape[axis];
  return strides;
}

Strides strides_of(const Shape& shape, Layout layout) {
  Strides strides = row_major_strides(shape);
  if (layout == Layout::channels_last && shape.size() >= 4) {
    strides[1] = 1;
    std::int64_t step = shape[1];
    for (std::size_t axis = shape.size(); axis-- > 2;) {
      strides[axis] = step;
      step *= shape[axis];
    }
    strides[0] = step;
  } else if (layout == Layout::strided && shape.size() >= 2) {
    std::int64_t step = shape.back() + kRowGap;
    for (std::size_t axis = shape.size() - 1; axis-- > 0;) {
      strides[axis] = step;
      step *= shape[axis];
    }
  }
  return strides;
}

std::int64_t span_in_elements(const Shape& shape, const Strides& strides) {
  if (element_count(shape) == 0) return 0;
  std::int64_t last = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) last += (shape[axis] - 1) * strides[axis];
  return last + 1;
}

std::int64_t offset_of(std::int64_t index, const Shape& shape, const Strides& strides) {
  std::int64_t offset = 0;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    offset += (index % shape[axis]) * strides[axis];
    index /= shape[axis];
  }
  return offset;
}

Shape coordinates_of(std::int64_t index, const Shape& shape) {
  Shape coordinates(shape.size(), 0);
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    coordinates[axis] = index % shape[axis];
    index /= shape[axis];
  }
  return coordinates;
}

std::string to_label(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string label;
  for (const std::int64_t extent : shape) label += (label.empty() ? "" : "x") + std::to_string(extent);
  return label;
}

Shape parse_shape(std::string_view label) {
  Shape shape;
  if (label == "scalar") return shape;
  std::int64_t nonzero = 1;
  const char* cursor = label.data();
  const char* const end = cursor + label.size();
  while (true) {
    std::int64_t extent = 0;
    const auto [next, failure] = std::from_chars(cursor, end, extent);
    if (failure != std::errc{} || extent < 0 || (next != end && *next != 'x') || next + 1 == end)
      throw Error("malformed shape " + in_quotes(label) + "; accepted: extents joined by x, such as 16x64x28x28");
    // Beside a zero too: strides are products of extents.
    if (extent != 0 && nonzero > kMostElements / extent)
      throw Error("shape " + in_quotes(label) + " is larger than any memory; accepted: up to 2^56 elements");
    nonzero *= extent == 0 ? 1 : extent;
    shape.push_back(extent);
    if (next == end) return shape;
    cursor = next + 1;
  }
}

std::string to_text(const Shape& shape) {
  std::string text = "[";
  for (const std::int64_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

}  // namespace lockstep
