// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "harness/data/dtype.hpp"

namespace lockstep {

/// Kernels that give a row to a block of threads hold so many of its elements per thread in registers (few or many), and
/// read what lies beyond again in every pass.
inline constexpr int kFewHeld = 8, kManyHeld = 32;
inline constexpr int kMostRowThreads = 512;

/// Threads of a block that owns a row of `columns` elements: a multiple of 32, enough that each holds few elements.
constexpr int threads_for_row(std::int64_t columns) {
  const std::int64_t wanted = (columns + kFewHeld - 1) / kFewHeld;
  return static_cast<int>(std::clamp<std::int64_t>((wanted + 31) / 32 * 32, 32, kMostRowThreads));
}
constexpr bool holds_few(std::int64_t columns) { return columns <= kFewHeld * threads_for_row(columns); }

/// Elements of 16 bytes.
inline int pack_of(DType dtype) { return 16 / static_cast<int>(size_in_bytes(dtype)); }

/// Independent partial sums of a row that `threads` threads share in packs of `pack`. Fewer than threads where the row has
/// fewer packs; rounded down, so that a chain is never longer than a contract with this number says. Moving single elements
/// instead of packs makes shorter chains.
constexpr std::int64_t partial_sums_of_row(std::int64_t columns, int pack, int threads) {
  const std::int64_t packs = (columns + pack - 1) / pack, longest = (packs + threads - 1) / threads;
  return std::max<std::int64_t>(longest == 0 ? 1 : packs / longest, 1);
}

}  // namespace lockstep
