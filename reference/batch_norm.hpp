// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "harness/plan/operator.hpp"
#include "reference/channel_planes.hpp"

namespace lockstep {

/// Batch normalisation over all axes but axis 1, the channels (Ioffe, Szegedy 2015, arXiv 1502.03167; semantics of
/// torch.nn.BatchNorm1d, 2d and 3d).
///
///   y[n, c, s] = (x[n, c, s] - mean_c) / sqrt(variance_c + eps) * weight[c] + bias[c]
///
/// Shapes: x, y, g_y, d_x [N, C] or [N, C, spatial...] with up to three spatial axes, seen as [images, channels,
/// plane]; weight, bias, running and saved statistics, d_weight, d_bias [C]; num_batches_tracked_out is a scalar.
/// Statistics: those of the batch (mean, and variance divided by images * plane) in training and where none are
/// tracked, else the running ones. Training with tracking also gives
///   running_mean_out = (1 - f) running_mean + f mean,   running_var_out likewise with the unbiased variance,
/// f = momentum, or 1 / (num_batches_tracked + 1) where momentum is none; an empty batch moves only the counter.
/// Backward from batch statistics takes the forward's mean and 1 / sqrt(variance + eps), as it rounded them:
///   d_x = weight rstd (g - mean(g) - normalized mean(g normalized));   from running ones d_x = weight rstd g.
/// Parameters (default): dims (any; 1, 2 or 3 as the class that is called), num_features (C), training (true), momentum
/// (0.1), eps (1e-5), affine (true), track_running_stats (true), num_batches_tracked (0).
/// Dtypes: x, y and gradients of them f32, f16, bf16; everything per channel f32, as PyTorch's autocast and cuDNN have
/// it; the counter i64. Refused: a rank the class does not take; one value per channel where its own statistics are
/// needed; per-channel tensors that do not hold C elements; no channels.
struct BatchNorm : ChannelPlanes {
  double eps = 1e-5;
  bool training = true, affine = true, tracked = true;
  /// Weight of the new batch in the running statistics.
  double factor = 0.1;
  std::int64_t batches_before = 0;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit BatchNorm(const Problem& problem);

  bool from_batch() const { return training || !tracked; }
  bool updates() const { return training && tracked; }
  std::int64_t batches_after() const { return batches_before + (training ? 1 : 0); }
};

/// Where each input and output stands in the signature of a problem; -1 for those it does not have.
struct BatchNormPositions {
  int x = 0, weight = -1, bias = -1, running_mean = -1, running_var = -1, saved_mean = -1, saved_rstd = -1, g_y = -1;
  int y = -1, running_mean_out = -1, running_var_out = -1, num_batches_tracked_out = -1;
  int d_x = -1, d_weight = -1, d_bias = -1;

  BatchNormPositions(const BatchNorm& op, Direction direction);
};

}  // namespace lockstep
