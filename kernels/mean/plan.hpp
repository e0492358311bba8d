// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "harness/data/tensor_view.hpp"
#include "reference/mean.hpp"

namespace lockstep {

/// Axes of x as they lie in memory, outermost first, without those of extent 1; neighbours that are walked with one stride,
/// in x and where they are kept in y too, are one axis.
struct MeanAxis {
  std::int64_t extent = 1, x_stride = 0;
  /// 0 where the axis is reduced.
  std::int64_t y_stride = 0;
  bool is_reduced = false;
};
using MeanPlan = std::vector<MeanAxis>;

/// Backward: `x` describes d_x and `y` g_y.
MeanPlan plan_mean(const Mean& op, const Strides& x, const Strides& y);
/// From the layouts that the harness gives the problem's tensors.
MeanPlan plan_mean(const Problem& problem);

/// Each mean is over one row of neighbours; rows lie x_pitch elements apart, means y_pitch.
struct MeanRows {
  std::int64_t rows = 1, terms = 1, x_pitch = 1, y_pitch = 1;
};
std::optional<MeanRows> as_rows(const MeanPlan& plan);

/// Rows of up to this many terms are staged in shared memory; each is summed by so many lanes.
inline constexpr std::int64_t kLongestStagedRow = 512;
constexpr int lanes_of_staged_row(std::int64_t terms) {
  return terms <= 4 ? 1 : terms <= 16 ? 4 : terms <= 128 ? 8 : 32;
}

/// The shortest rows that a backward by 16-byte packs takes: a pack then touches two rows at most.
inline constexpr std::int64_t kShortestSpreadRow = 8;

/// Rows are split into so many parts, each walked by so many threads of a block.
inline constexpr int kSplitRowThreads = 512;
std::int64_t parts_of_row(const MeanRows& rows);

/// x is [outer, terms, inner] with neighbouring means in neighbouring elements; strides of x and y.
struct MeanStripes {
  std::int64_t outer = 1, terms = 1, inner = 1;
  std::int64_t x_outer = 0, x_term = 0, y_outer = 0;
};
std::optional<MeanStripes> as_stripes(const MeanPlan& plan);

/// Whether stripes can be walked in aligned packs of `pack` neighbouring means, given that both tensors begin on a boundary.
bool stripes_take_packs(const MeanStripes& stripes, int pack);

/// How 256 threads share a block of stripes with `pack` neighbouring means per thread: `lanes` along the means, row_threads
/// along the terms, each with kStripeSums sums side by side; blocks along the means; parts of each sum.
inline constexpr int kStripeSums = 4;
struct StripeShape {
  int lanes = 32, row_threads = 8;
  std::int64_t column_blocks = 1, parts = 1;
};
StripeShape stripe_shape(const MeanStripes& stripes, int pack);

/// Means over any axes get a block of 256 threads each from this many terms on, below it a warp.
inline constexpr std::int64_t kTermsForABlock = 4096;

/// How many parts (a power of two, at most 256) every sum is split into, so that `blocks` blocks become enough to fill a
/// large device, while each part keeps at least `shortest` terms. From the shape alone: the order of summation must not
/// depend on the device.
std::int64_t parts_of_sum(std::int64_t blocks, std::int64_t terms, std::int64_t shortest);

}  // namespace lockstep
