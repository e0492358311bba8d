// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"
#include "reference/channel_planes.hpp"

namespace lockstep {

/// What one rank contributes to the backward of a synchronised batch normalisation (torch.nn.SyncBatchNorm): the sums that
/// are added up over the ranks, and its own gradient of the weight.
///
///   sum_g[c] = sum of g_y[n, c, s]       sum_g_centered[c] = sum of g_y[n, c, s] (x[n, c, s] - mean[c])
///   d_weight[c] = rstd[c] sum_g_centered[c]
///
/// The gradient of the bias is sum_g itself, so it is no output of its own. Both gradients are those of this rank's batch:
/// they are averaged with all other gradients, while the two sums go into batch_norm_input_gradient summed over the ranks.
/// Shapes: x, g_y [N, C] or [N, C, spatial...] with up to three spatial axes; everything else [C]. An empty batch gives
/// zeros. mean and rstd are those of batch_norm_merge. Parameter (default): affine (true: d_weight is wanted). Dtypes: x,
/// g_y f32, f16, bf16; everything per channel f32. Refused: a rank below 2 or above 5, no channels.
struct BatchNormGradientSums {
  ChannelPlanes planes;
  bool affine = true;

  explicit BatchNormGradientSums(const Problem& problem);
};

}  // namespace lockstep
