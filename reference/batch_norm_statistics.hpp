// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"
#include "reference/channel_planes.hpp"

namespace lockstep {

/// What one rank of a synchronised batch normalisation knows of its own batch: the first part of torch.nn.SyncBatchNorm's
/// forward, of which batch_norm_merge is the second.
///
///   mean[c] = sum of x[n, c, s] / count        m2[c] = sum of (x[n, c, s] - mean[c])^2        count = N * plane
///
/// m2 stands where PyTorch sends 1 / sqrt(variance + eps): from that the variance comes back with eps' rounding error,
/// which is all of it where it is small. Sums of squares would lose as much where the mean is large: m2 is about the mean.
/// Shapes: x [N, C] or [N, C, spatial...] with up to three spatial axes; mean, m2 [C]; count [2], see ValueCount. An empty
/// batch gives zeros. Dtypes: x f32, f16, bf16; the rest f32, as batch_norm has it, so that a rank sends one message.
/// Forward only: the gradient of the whole layer is batch_norm_input_gradient. Refused: a rank of x below 2 or above 5,
/// no channels, 2^48 values per channel and more.
/// Source: Chan, Golub, LeVeque 1983, "Algorithms for computing the sample variance".
struct BatchNormStatistics {
  ChannelPlanes planes;

  explicit BatchNormStatistics(const Problem& problem);
};

}  // namespace lockstep
