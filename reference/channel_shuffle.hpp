// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Channel shuffle (Zhang et al. 2017, ShuffleNet, arXiv 1707.01083, section 3.1; semantics of
/// torch.nn.functional.channel_shuffle).
///
///   y[n, i * groups + j, s] = x[n, j * (C / groups) + i, s],   j < groups, i < C / groups
///
/// that is: the channels seen as [groups, C / groups], transposed. Its transpose, the backward, is the shuffle with
/// C / groups groups; applying the shuffle twice gives x back only where groups^2 = C.
/// Shapes: x, y, g_y, d_x [N, C, *], rank 3 or more, seen as [batch, channels, plane]. Parameter: groups.
/// Dtypes: f32, f16, bf16; a pure copy, so every output element has the bits of its input.
/// Refused: rank below 3; groups below 1; channels that groups does not divide. Empty tensors are taken.
struct ChannelShuffle {
  std::int64_t batch = 0, channels = 0, plane = 0, groups = 1;
  Shape shape;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit ChannelShuffle(const Problem& problem);
};

}  // namespace lockstep
