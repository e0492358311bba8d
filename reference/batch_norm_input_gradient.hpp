// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"
#include "reference/channel_planes.hpp"

namespace lockstep {

/// Gradient of a batch normalisation's input from sums that are given: the last part of the backward of
/// torch.nn.SyncBatchNorm. n is the count of all ranks; the sums are those of batch_norm_gradient_sums, over all ranks.
///
///   d_x[i, c, s] = weight[c] rstd[c] (g_y[i, c, s] - sum_g[c] / n - (x[i, c, s] - mean[c]) rstd[c]^2 sum_g_centered[c] / n)
///
/// Shapes: x, g_y, d_x [N, C] or [N, C, spatial...] with up to three spatial axes; weight, mean, rstd, sum_g,
/// sum_g_centered [C]; count [2], see ValueCount, as batch_norm_merge gives it. Parameters (default): affine (true: there
/// is a weight); count (twice the values per channel of x): what the count of a drawn case holds. Dtypes: x, g_y, d_x f32,
/// f16, bf16; everything else f32. Refused: a rank below 2 or above 5, no channels; a drawn count below that of x.
struct BatchNormInputGradient {
  ChannelPlanes planes;
  bool affine = true;
  std::int64_t drawn_count = 0;

  explicit BatchNormInputGradient(const Problem& problem);
};

}  // namespace lockstep
