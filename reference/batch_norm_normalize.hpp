// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"
#include "reference/channel_planes.hpp"

namespace lockstep {

/// Normalisation with statistics that are given: the last part of the forward of torch.nn.SyncBatchNorm.
///
///   y[n, c, s] = (x[n, c, s] - mean[c]) rstd[c] weight[c] + bias[c]
///
/// It takes rstd as batch_norm_merge rounded it, since the backward takes the same number; batch_norm's evaluation takes a
/// variance, and the way from rstd to a variance and back adds four roundings.
/// Shapes: x, y [N, C] or [N, C, spatial...] with up to three spatial axes; weight, bias, mean, rstd [C]. Parameter
/// (default): affine (true: there are weight and bias). Dtypes: x, y f32, f16, bf16; everything per channel f32. Forward
/// only: the gradient of the whole layer is batch_norm_input_gradient. Refused: a rank below 2 or above 5, no channels.
struct BatchNormNormalize {
  ChannelPlanes planes;
  bool affine = true;

  explicit BatchNormNormalize(const Problem& problem);
};

}  // namespace lockstep
