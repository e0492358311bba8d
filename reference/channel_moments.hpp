// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>

#include "harness/numerics/float_moments.hpp"
#include "harness/numerics/operand.hpp"
#include "reference/channel_planes.hpp"

namespace lockstep {

/// A channel's values where they are held as float.
inline FloatRuns channel_runs(const ChannelPlanes& planes, const float* values, std::int64_t channel) {
  return {values + channel * planes.plane, planes.images, planes.plane, planes.channels * planes.plane};
}

/// Mean and biased variance of a channel's values.
template <class T>
Moments<T> channel_moments(const ChannelPlanes& planes, const Operand<T>& x, std::int64_t channel) {
  if constexpr (std::same_as<T, Tracked>)
    if (const float* floats = x.floats()) return moments(channel_runs(planes, floats, channel));
  if constexpr (std::same_as<T, double>)
    if (const float* floats = x.floats()) {
      const Moments<Tracked> m = moments(channel_runs(planes, floats, channel));
      return {m.mean.value, m.variance.value};
    }
  ChannelWalk walk(planes.channels, planes.plane, channel);
  return moments<T>(planes.count(), [&](std::int64_t i) { return x[walk(i)]; });
}

}  // namespace lockstep
