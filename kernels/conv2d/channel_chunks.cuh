// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kernels/conv2d/plans.cuh"

// Channels side by side, in chunks of 16 bytes: what asynchronous copies need. A tensor that does not lie so is copied
// once, the channels of each group filled up with zeros to whole chunks.
namespace lockstep::LOCKSTEP_BACKEND {

/// from[high][low][channel][row][column] by strides, to [high, low][position][group][padded].
template <class Scalar>
struct ChannelPacking {
  const Scalar* from;
  Scalar* to;
  std::int64_t high_stride, low_stride, channel_stride, row_stride, column_stride;
  int lows, outers;  // low indices of each high one; both together
  int positions, width, groups, group_channels, padded;
};

/// 32 x 8 threads move 32 positions of 32 channels through shared memory: reads run along the positions, writes along the
/// channels. grid: tiles of positions, tiles of channels, outers.
template <class Scalar>
__global__ void __launch_bounds__(256) pack_channels(ChannelPacking<Scalar> p) {
  LOCKSTEP_SHARED(float, tile, [32][33]);
  const int lane = static_cast<int>(threadIdx.x), warp = static_cast<int>(threadIdx.y);
  const int first_position = static_cast<int>(blockIdx.x) * 32, first_channel = static_cast<int>(blockIdx.y) * 32;
  const int channels = p.groups * p.padded;
  for (int outer = static_cast<int>(blockIdx.z); outer < p.outers; outer += static_cast<int>(gridDim.z)) {
    const Scalar* const from = p.from + outer / p.lows * p.high_stride + outer % p.lows * p.low_stride;
    const int position = first_position + lane;
#pragma unroll
    for (int i = warp; i < 32; i += 8) {
      const int group = (first_channel + i) / p.padded, in_group = (first_channel + i) % p.padded;
      float value = 0.0f;
      if (position < p.positions && group < p.groups && in_group < p.group_channels)
        value = to_float(from[(group * p.group_channels + in_group) * p.channel_stride +
                              position / p.width * p.row_stride + position % p.width * p.column_stride]);
      tile[i][lane] = value;
    }
    __syncthreads();
#pragma unroll
    for (int i = warp; i < 32; i += 8)
      if (first_position + i < p.positions && first_channel + lane < channels)
        p.to[(static_cast<std::int64_t>(outer) * p.positions + first_position + i) * channels + first_channel + lane] =
            from_float<Scalar>(tile[lane][i]);
    __syncthreads();
  }
}

/// A tensor in chunks, and the launch that makes it so.
template <class Scalar>
struct Chunked {
  const Scalar* data;
  int padded;  // channels of a group, with those that fill up
  Launch pack = [] {};
  std::shared_ptr<DeviceMemory> memory = nullptr;
};

template <class Scalar>
int padded_channels(std::int64_t channels) {
  return static_cast<int>((channels + kFullPack<Scalar> - 1) / kFullPack<Scalar>) * kFullPack<Scalar>;
}

template <class Scalar>
Chunked<Scalar> packed(ChannelPacking<Scalar> p, Device& device) {
  const std::int64_t channels = static_cast<std::int64_t>(p.groups) * p.padded;
  const std::int64_t count = static_cast<std::int64_t>(p.outers) * p.positions * channels;
  auto memory = std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(count) * sizeof(Scalar));
  p.to = static_cast<Scalar*>(memory->get());
  const LaunchExtent grid((p.positions + 31) / 32, (channels + 31) / 32, std::min(p.outers, 65535));
  const Launch pack = [=, stream = device.stream()] {
    launch(pack_channels<Scalar>, {grid, LaunchExtent(32, 8)}, stream, p);
  };
  return {p.to, p.padded, count > 0 ? pack : Launch([] {}), memory};
}

/// An activation in chunks: as it lies where that will do.
template <class Scalar>
Chunked<Scalar> chunked_image(const ImageView& view, std::int64_t groups, Device& device) {
  const std::int64_t group_channels = view.channels / groups;
  const int padded = padded_channels<Scalar>(group_channels);
  if (padded == group_channels && view.channel_stride == 1 && view.column_stride == view.channels &&
      view.row_stride == view.width * view.channels && view.image_stride == view.height * view.row_stride &&
      view.tensor.is_aligned(16))
    return {view.tensor.template as<const Scalar>(), padded};
  return packed<Scalar>({.from = view.tensor.template as<const Scalar>(),
                         .to = nullptr,
                         .high_stride = view.image_stride,
                         .low_stride = 0,
                         .channel_stride = view.channel_stride,
                         .row_stride = view.row_stride,
                         .column_stride = view.column_stride,
                         .lows = 1,
                         .outers = static_cast<int>(view.images),
                         .positions = static_cast<int>(view.height * view.width),
                         .width = static_cast<int>(view.width),
                         .groups = static_cast<int>(groups),
                         .group_channels = static_cast<int>(group_channels),
                         .padded = padded},
                        device);
}

/// The weight as rows of [element of the kernel][channel], which are those that a sum runs over: of x for each channel of y
/// (forward), of y for each channel of x (its gradient).
template <class Scalar>
Chunked<Scalar> chunked_weight(const Conv2d& op, const TensorView& weight, bool forward, Device& device) {
  const std::int64_t elements = op.kernel.height * op.kernel.width;
  const std::int64_t channels = forward ? op.in_per_group() : op.out_per_group();
  const std::int64_t lows = forward ? op.out_per_group() : op.in_per_group();
  return packed<Scalar>({.from = weight.as<const Scalar>(),
                         .to = nullptr,
                         .high_stride = op.out_per_group() * op.window(),
                         .low_stride = forward ? op.window() : elements,
                         .channel_stride = forward ? elements : op.window(),
                         .row_stride = op.kernel.width,
                         .column_stride = 1,
                         .lows = static_cast<int>(lows),
                         .outers = static_cast<int>(op.groups * lows),
                         .positions = static_cast<int>(elements),
                         .width = static_cast<int>(op.kernel.width),
                         .groups = 1,
                         .group_channels = static_cast<int>(channels),
                         .padded = padded_channels<Scalar>(channels)},
                        device);
}

/// Strides of an activation in chunks.
inline ImageStrides chunked_strides(const ImageView& view, std::int64_t groups, int padded) {
  const int pixel = static_cast<int>(groups) * padded, row = static_cast<int>(view.width) * pixel;
  return {.image = static_cast<int>(view.height) * row, .channel = 1, .row = row, .column = pixel};
}

}  // namespace lockstep::LOCKSTEP_BACKEND
