// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/shared/fast_division.cuh"
#include "reference/channel_shuffle.hpp"

namespace lockstep::LOCKSTEP_BACKEND {

/// Channels of an output of a shuffle: channel position * groups + group comes from channel group * per_group + position.
struct ShuffleMap {
  FastDivision channels, groups;
  unsigned per_group;
};

/// The backward is the shuffle with as many groups as the forward has channels in each.
inline ShuffleMap shuffle_map(const ChannelShuffle& op, Direction direction) {
  const auto given = static_cast<unsigned>(op.groups), other = static_cast<unsigned>(op.channels / op.groups);
  const bool forward = direction == Direction::forward;
  return {FastDivision(static_cast<unsigned>(op.channels)), FastDivision(forward ? given : other),
          forward ? other : given};
}

/// Indices inside a launch have 31 bits; larger tensors are worked off in slices of whole images.
inline std::int64_t images_per_launch(std::int64_t units_per_image) {
  return ((std::int64_t{1} << 31) - 1) / units_per_image;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
