// SPDX-License-Identifier: Apache-2.0
// Idea: with channels innermost every pixel is a small matrix [groups, C / groups] to transpose. A thread builds 16 bytes of
// consecutive output channels from single loads and stores them at once.
// Layout: threads walk the output in order, kPacks packs of 16 bytes each; packs may run over a pixel's end.
// Fast because: stores are full 16-byte ones; the loads of a warp fall into `groups` runs of neighbouring channels, and what
// one load instruction leaves of a cache line the next one takes from the first-level cache, so each line comes from memory
// once. Within a pack the source advances by additions: one division per pack, none per element.
#include <algorithm>

#include "kernels/channel_shuffle/shuffle_map.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/scalar.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256;
constexpr int kPacks = 2;

/// `Bits` is an unsigned integer as wide as the dtype: a copy needs no arithmetic.
template <class Bits>
__global__ void __launch_bounds__(kThreads)
    pixel_gather(const Bits* __restrict__ x, Bits* __restrict__ y, unsigned elements, ShuffleMap map) {
  constexpr unsigned kPack = kFullPack<Bits>;
  const unsigned first = (blockIdx.x * (kPacks * kThreads) + threadIdx.x) * kPack;
  Pack<Bits, kFullPack<Bits>> packs[kPacks];
#pragma unroll
  for (int k = 0; k < kPacks; ++k) {
    const unsigned begin = first + static_cast<unsigned>(k) * kThreads * kPack;
    if (begin < elements) {
      const unsigned pixel = map.channels.quotient(begin), channel = begin - pixel * map.channels.divisor();
      unsigned position = map.groups.quotient(channel), group = channel - position * map.groups.divisor();
      unsigned pixel_start = begin - channel;
#pragma unroll
      for (unsigned i = 0; i < kPack; ++i) {
        if (begin + i < elements) packs[k].values[i] = x[pixel_start + group * map.per_group + position];
        if (++group == map.groups.divisor()) {
          group = 0;
          if (++position == map.per_group) {
            position = 0;
            pixel_start += map.channels.divisor();
          }
        }
      }
    }
  }
#pragma unroll
  for (int k = 0; k < kPacks; ++k) {
    const unsigned begin = first + static_cast<unsigned>(k) * kThreads * kPack;
    if (begin + kPack <= elements) {
      *reinterpret_cast<Pack<Bits, kFullPack<Bits>>*>(y + begin) = packs[k];
    } else {
#pragma unroll
      for (unsigned i = 0; i < kPack; ++i)  // the loop's fixed length keeps the pack in registers
        if (begin + i < elements) y[begin + i] = packs[k].values[i];
    }
  }
}

template <class Bits>
Launch launch_of(const ChannelShuffle& op, Direction direction, const Tensors& tensors, Device& device) {
  const Bits* const x = tensors.inputs[0].as<const Bits>();
  Bits* const y = tensors.outputs[0].as<Bits>();
  const ShuffleMap map = shuffle_map(op, direction);
  // A slice begins on a 16-byte boundary only if it holds a multiple of eight pixels.
  const std::int64_t pixels = op.batch * op.plane, slice = images_per_launch(op.channels) / 8 * 8;
  return [=, channels = op.channels, stream = device.stream()] {
    for (std::int64_t pixel = 0; pixel < pixels; pixel += slice) {
      const std::int64_t elements = std::min(slice, pixels - pixel) * channels;
      constexpr std::int64_t kPerBlock = std::int64_t{kThreads} * kPacks * kFullPack<Bits>;
      const LaunchShape shape{(elements + kPerBlock - 1) / kPerBlock, kThreads, 0};
      launch(pixel_gather<Bits>, shape, stream, x + pixel * channels, y + pixel * channels,
             static_cast<unsigned>(elements), map);
    }
  };
}

Launch launch_for(Direction direction, const Problem& problem, const Tensors& tensors, Device& device) {
  const ChannelShuffle op(problem);
  if (element_count(op.shape) == 0) return [] {};
  if (size_in_bytes(problem.dtype) == 2) return launch_of<unsigned short>(op, direction, tensors, device);
  return launch_of<unsigned>(op, direction, tensors, device);
}

}  // namespace

Launch channel_shuffle_forward_pixel_gather(const Problem& problem, const Tensors& tensors, Device& device) {
  return launch_for(Direction::forward, problem, tensors, device);
}

Launch channel_shuffle_backward_pixel_gather(const Problem& problem, const Tensors& tensors, Device& device) {
  return launch_for(Direction::backward, problem, tensors, device);
}

}  // namespace lockstep::LOCKSTEP_BACKEND
