// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "harness/data/shape.hpp"

namespace lockstep {

/// A tensor [N, C] or [N, C, spatial...] with up to three spatial axes, seen as [images, channels, plane]: what the parts
/// of a batch normalisation take their statistics over.
struct ChannelPlanes {
  Shape shape;
  std::int64_t images = 0, channels = 0, plane = 1;

  ChannelPlanes() = default;
  /// Throws Refused with PyTorch's message for a rank that no batch normalisation takes, and without channels.
  explicit ChannelPlanes(Shape given);

  /// Values per channel.
  std::int64_t count() const { return images * plane; }
  /// Row-major index of value i of a channel, images outermost.
  std::int64_t index(std::int64_t channel, std::int64_t i) const {
    return (i / plane * channels + channel) * plane + i % plane;
  }
  std::int64_t channel_of(std::int64_t index) const { return index / plane % channels; }
};

/// Row-major indices of a channel's values for i that mostly ascend: divides where they jump, not once per value.
class ChannelWalk {
 public:
  ChannelWalk(std::int64_t channels, std::int64_t plane, std::int64_t channel)
      : channels_(channels), plane_(plane), channel_(channel), offset_(channel * plane) {}
  std::int64_t operator()(std::int64_t i) {
    if (i == first_ + plane_) {
      first_ = i;
      offset_ += (channels_ - 1) * plane_;
    } else if (i < first_ || i > first_ + plane_) {
      first_ = i / plane_ * plane_;
      offset_ = (first_ / plane_ * channels_ + channel_) * plane_ - first_;
    }
    return i + offset_;
  }

 private:
  std::int64_t channels_, plane_, channel_, first_ = 0, offset_;
};

/// Channels of row-major indices that mostly ascend: divides where they jump, not once per value.
class ChannelCursor {
 public:
  explicit ChannelCursor(const ChannelPlanes& planes) : channels_(planes.channels), plane_(planes.plane) {}
  std::int64_t operator()(std::int64_t index) {
    if (index >= first_ && index < first_ + plane_) return channel_;
    if (index == first_ + plane_) {
      first_ = index;
      channel_ = channel_ + 1 == channels_ ? 0 : channel_ + 1;
      return channel_;
    }
    first_ = index / plane_ * plane_;
    channel_ = index / plane_ % channels_;
    return channel_;
  }

 private:
  std::int64_t channels_, plane_, first_ = 0, channel_ = 0;
};

}  // namespace lockstep
