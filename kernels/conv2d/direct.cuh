// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/conv2d/plans.cuh"
#include "kernels/shared/reduce.cuh"

// Convolutions whose groups have so few channels that a matrix product would multiply mostly zeros (depthwise ones
// above all): bound by memory, not by arithmetic.
namespace lockstep::LOCKSTEP_BACKEND {

/// One thread per result; neighbouring threads have neighbours in memory, so that reads of an image coalesce and its
/// elements come from the cache for all but the first tap. Lattices lie one after the other in grid.y.
template <class Scalar, bool kChannelsInnermost>
__global__ void __launch_bounds__(256) direct_windows(WindowProduct<Scalar> p) {
  for (int l = static_cast<int>(blockIdx.y); l < p.lattice_count; l += static_cast<int>(gridDim.y)) {
    const Lattice lattice = p.lattices[l];
    const Tap* const taps = p.taps + lattice.first_tap;
    const int all_channels = p.groups * p.channels;
    const std::int64_t results = static_cast<std::int64_t>(lattice.count) * all_channels;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < results; i += step) {
      const int position = static_cast<int>(kChannelsInnermost ? i / all_channels : i % lattice.count);
      const int of_all = static_cast<int>(kChannelsInnermost ? i % all_channels : i / lattice.count);
      const int group = of_all / p.channels;
      WindowedImage<Scalar> image = p.image;
      image.data += static_cast<std::int64_t>(group) * p.image_group_stride;
      const Scalar* const weight = p.weight + static_cast<std::int64_t>(group) * p.weight_group_stride +
                                   (of_all - group * p.channels) * p.weight_channel_stride;
      const Window window(lattice, image, position);
      float total = 0.0f;
      for (int t = 0; t < lattice.taps; ++t) {
        const Tap tap = taps[t];
        total += to_float(window.read(image, tap)) * to_float(weight[tap.weight]);
      }
      if (p.bias) total += to_float(p.bias[of_all]);
      const int place = lattice.first_out + Position(lattice, position).offset(p.out_strides);
      p.out[of_all * p.out_strides.channel + place] = from_float<Scalar>(total);
    }
  }
}

/// Taps whose sums a thread keeps while it walks the positions: those of a 3 x 3 window.
inline constexpr int kTapsHeld = 9;

/// Block (channel, taps): the sums of up to kTapsHeld taps of one output channel. Threads walk the positions, reading g
/// once for all taps; a tree adds their parts.
template <class Scalar>
__global__ void __launch_bounds__(256) direct_weight_gradient(WeightGradient<Scalar> p) {
  const int of_all = static_cast<int>(blockIdx.x), group = of_all / p.channels;
  const Lattice lattice = *p.lattice;
  p.image.data += static_cast<std::int64_t>(group) * p.image_group_stride;
  const Scalar* const g = p.g + static_cast<std::int64_t>(of_all) * p.g_strides.channel;
  for (int first = static_cast<int>(blockIdx.y) * kTapsHeld; first < p.window;
       first += static_cast<int>(gridDim.y) * kTapsHeld) {
    Tap taps[kTapsHeld];
    float sums[kTapsHeld] = {};
#pragma unroll
    for (int t = 0; t < kTapsHeld; ++t) taps[t] = p.taps[min(first + t, p.window - 1)];
    for (int i = static_cast<int>(threadIdx.x); i < p.positions; i += static_cast<int>(blockDim.x)) {
      const float gradient = to_float(g[Position(lattice, i).offset(p.g_strides)]);
      const Window window(lattice, p.image, i);
#pragma unroll
      for (int t = 0; t < kTapsHeld; ++t) sums[t] += gradient * to_float(window.read(p.image, taps[t]));
    }
#pragma unroll
    for (int t = 0; t < kTapsHeld; ++t) {
      const float total = block_sum(sums[t]);
      if (threadIdx.x == 0 && first + t < p.window)
        p.out[static_cast<std::int64_t>(of_all) * p.window + taps[t].weight] = from_float<Scalar>(total);
    }
  }
}

template <class Scalar>
Launch launch_direct_windows(const WithTables<WindowProduct<Scalar>>& planned, bool channels_innermost,
                             Device& device) {
  const WindowProduct<Scalar>& p = planned.plan;
  const std::int64_t most = static_cast<std::int64_t>(p.most_positions) * p.groups * p.channels;
  if (most == 0) return [] {};
  constexpr std::int64_t kMostBlocks = 1 << 20, kMostLattices = 4096;
  const auto kernel = channels_innermost ? direct_windows<Scalar, true> : direct_windows<Scalar, false>;
  return [=, tables = planned.tables, stream = device.stream()] {
    launch(kernel,
           {LaunchExtent(std::min((most + 255) / 256, kMostBlocks),
                         std::min<std::int64_t>(p.lattice_count, kMostLattices)),
            256},
           stream, p);
  };
}

template <class Scalar>
Launch launch_direct_weight_gradient(const WithTables<WeightGradient<Scalar>>& planned, Device& device) {
  const WeightGradient<Scalar>& p = planned.plan;
  const std::int64_t channels = static_cast<std::int64_t>(p.groups) * p.channels;
  if (channels == 0 || p.window == 0) return [] {};
  constexpr std::int64_t kMostParts = 4096;
  return [=, tables = planned.tables, stream = device.stream()] {
    launch(direct_weight_gradient<Scalar>,
           {LaunchExtent(channels, std::min<std::int64_t>((p.window + kTapsHeld - 1) / kTapsHeld, kMostParts)), 256},
           stream, p);
  };
}

}  // namespace lockstep::LOCKSTEP_BACKEND
