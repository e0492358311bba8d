// SPDX-License-Identifier: Apache-2.0
#include "harness/data/non_finite.hpp"

#include <algorithm>
#include <cstring>

namespace lockstep {
namespace {

/// Calls found(i) for each of `count` adjacent elements whose bits without the sign are those of infinity or above. Integers
/// in blocks: the largest of a block is had by vector instructions, and hardly any block has something to find.
template <class Bits, class Found>
__attribute__((optimize("O3"))) void scan(const char* bytes, std::int64_t count, Bits infinity, Found found) {
  constexpr std::int64_t kBlock = 1024;
  constexpr auto kMagnitude = static_cast<Bits>(static_cast<Bits>(~Bits{0}) >> 1);
  const auto magnitude = [bytes](std::int64_t i) {
    Bits bits;
    std::memcpy(&bits, bytes + i * static_cast<std::int64_t>(sizeof(Bits)), sizeof(Bits));
    return static_cast<Bits>(bits & kMagnitude);
  };
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const std::int64_t last = std::min(first + kBlock, count);
    Bits largest = 0;
    for (std::int64_t i = first; i < last; ++i) largest = std::max(largest, magnitude(i));
    if (largest < infinity) continue;
    for (std::int64_t i = first; i < last; ++i)
      if (magnitude(i) >= infinity) found(i);
  }
}

template <class Found>
void scan(const void* data, DType dtype, std::int64_t count, Found found) {
  const char* bytes = static_cast<const char*>(data);
  switch (dtype) {
    case DType::f64: return scan<std::uint64_t>(bytes, count, 0x7ff0000000000000u, found);
    case DType::f32: return scan<std::uint32_t>(bytes, count, 0x7f800000u, found);
    case DType::f16: return scan<std::uint16_t>(bytes, count, 0x7c00u, found);
    case DType::bf16: return scan<std::uint16_t>(bytes, count, 0x7f80u, found);
    case DType::i64:
    case DType::u8: return;
  }
}

}  // namespace

std::vector<std::int64_t> non_finite_elements(const TensorView& view) {
  std::vector<std::int64_t> found;
  const std::int64_t count = view.count();
  const auto note = [&found](std::int64_t index) { found.push_back(index); };
  if (view.is_contiguous()) {
    scan(view.data, view.dtype, count, note);
    return found;
  }
  // Without gaps the memory tells whether there is anything to look for, in whatever order it lies.
  bool any = span_in_elements(view.shape, view.strides) != count;
  if (!any) scan(view.data, view.dtype, count, [&any](std::int64_t) { any = true; });
  if (!any) return found;
  const auto bytes = static_cast<std::int64_t>(size_in_bytes(view.dtype));
  for_each_row(view.shape, view.strides, [&](std::int64_t first, std::int64_t offset) {
    const char* row = view.as<char>() + offset * bytes;
    const std::int64_t step = view.strides.back(), length = view.shape.back();
    if (step == 1) return scan(row, view.dtype, length, [&](std::int64_t i) { note(first + i); });
    for (std::int64_t i = 0; i < length; ++i)
      scan(row + i * step * bytes, view.dtype, 1, [&](std::int64_t) { note(first + i); });
  });
  return found;
}

}  // namespace lockstep
