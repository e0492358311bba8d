// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "kernels/shared/group_layout.hpp"
#include "reference/cross_entropy.hpp"

namespace lockstep {

/// A problem's parameters as kernels take them.
struct TargetSettings {
  std::int64_t ignore_index = -100;
  bool smooths = false;
  /// 1 - e and e / C.
  float kept_share = 1, even_share = 0;

  explicit TargetSettings(const CrossEntropy& op)
      : ignore_index(op.ignore_index),
        smooths(op.label_smoothing > 0),
        kept_share(static_cast<float>(1 - op.label_smoothing)),
        even_share(static_cast<float>(op.label_smoothing / static_cast<double>(op.classes))) {}
};

/// Where the logits of each row lie; rows are numbered as class targets are.
inline GroupLayout rows_of(const CrossEntropy& op, const TensorView& input) {
  return {op.input.size() > 1 ? 1 : 0, input};
}

/// Lanes of a warp take rows of up to kLongestLaneRow classes: 8 of them those of up to kShortRow.
inline constexpr std::int64_t kLongestLaneRow = 1024, kShortRow = 64;
inline constexpr int kLaneTeamThreads = 128, kPartThreads = 256;

constexpr int lanes_for_row(std::int64_t classes) { return classes <= kShortRow ? 8 : 32; }

/// How rows are spread over blocks that walk over them and each leave a part of the sums.
struct RowGrid {
  std::int64_t rows, rows_per_block, blocks;

  constexpr RowGrid(std::int64_t rows_, std::int64_t per_block) : rows(rows_), rows_per_block(per_block), blocks(1) {
    // Eight for each of the H200's 132 multiprocessors. Fixed, so that the bits do not depend on the machine.
    constexpr std::int64_t kMostBlocks = 1056;
    blocks = std::clamp<std::int64_t>((rows + rows_per_block - 1) / rows_per_block, 1, kMostBlocks);
  }
  /// Longest chain of additions that a row's term passes: its team's, its block's tree, and the adding of the parts.
  int depth() const {
    const auto levels = [](std::int64_t leaves) { return std::bit_width(static_cast<std::uint64_t>(leaves - 1)); };
    const auto rounds = [](std::int64_t terms, std::int64_t workers) { return (terms + workers - 1) / workers; };
    return static_cast<int>(rounds(rows, blocks * rows_per_block) + rounds(blocks, kPartThreads)) +
           levels(std::min(rows_per_block, std::max<std::int64_t>(rows, 1))) +
           levels(std::min<std::int64_t>(blocks, kPartThreads));
  }
};

/// Threads of the launch that adds up the weights of all targets, which the mean's gradient is divided by.
inline RowGrid target_grid(std::int64_t rows) { return {rows, std::int64_t{4} * kPartThreads}; }

}  // namespace lockstep
