// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>

#include "reference/channel_planes.hpp"

// How the kernels cut a problem: said once, for the launches and for the precision contracts.
namespace lockstep {

inline std::int64_t divide_up(std::int64_t number, std::int64_t by) { return (number + by - 1) / by; }

/// Additions one after the other in a thread's share of `values`: whole packs, of at most 8 values.
inline std::int64_t thread_chain(std::int64_t values, std::int64_t threads) {
  return divide_up(values, 8 * threads) * 8;
}
/// Chains of that length in `values`, at least one.
inline std::int64_t chains(std::int64_t values, std::int64_t length) {
  return std::max<std::int64_t>(values / std::max<std::int64_t>(length, 1), 1);
}

/// channel_in_registers: a block per channel, its threads hold up to kMostHeld values each.
struct HeldChannel {
  static constexpr std::int64_t kMostThreads = 1024, kMostHeld = 32;
  /// Few enough that a block of 1024 threads has the registers in every case. Twice as many fit as packs of 4 and more.
  static constexpr std::int64_t kUsuallyHeld = 16;

  static bool fits(const ChannelPlanes& op, std::int64_t held) { return op.count() <= kMostThreads * held; }
  static std::int64_t threads(const ChannelPlanes& op) {
    const auto wanted = static_cast<std::uint64_t>(std::max<std::int64_t>(divide_up(op.count(), kUsuallyHeld), 32));
    return std::min(static_cast<std::int64_t>(std::bit_ceil(wanted)), kMostThreads);
  }
  static std::int64_t partial_sums(const ChannelPlanes& op) {
    return chains(op.count(), thread_chain(op.count(), threads(op)));
  }
};

/// split_planes: a channel's values in slabs, one block each; the slabs' results are combined by every block that needs
/// them.
struct PlaneSlabs {
  static constexpr int kThreads = 256, kHeld = 16;
  static constexpr std::int64_t kValues = kThreads * kHeld;

  static std::int64_t slabs(const ChannelPlanes& op) {
    return std::max<std::int64_t>(divide_up(op.count(), kValues), 1);
  }
  /// A thread's chain in its slab, times the slabs that each of `combining` threads combines.
  static std::int64_t partial_sums(const ChannelPlanes& op, std::int64_t combining = kThreads) {
    return chains(op.count(), thread_chain(std::min(op.count(), kValues), kThreads) * divide_up(slabs(op), combining));
  }
};

/// channels_last: threads side by side along the channels, several rows per block; a row is one position of one image.
struct ColumnSlabs {
  static constexpr int kThreads = 256, kRowsPerThread = 8, kMostLanes = 32, kMostCombining = 64;

  /// Threads along the channels when each takes `pack` of them.
  static int lanes(const ChannelPlanes& op, int pack) {
    const auto packs = static_cast<std::uint64_t>(divide_up(op.channels, pack));
    return static_cast<int>(std::min<std::uint64_t>(std::bit_ceil(packs), kMostLanes));
  }
  static std::int64_t slab_rows(int lanes) { return static_cast<std::int64_t>(kThreads / lanes) * kRowsPerThread; }
  static std::int64_t slabs(const ChannelPlanes& op, int lanes) {
    return std::max<std::int64_t>(divide_up(op.count(), slab_rows(lanes)), 1);
  }
  /// Threads that share the slabs of a channel when they are combined.
  static int combining(std::int64_t slabs) {
    return static_cast<int>(std::min<std::int64_t>(
        static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(divide_up(slabs, 4)))), kMostCombining));
  }
  /// By single elements, which is where the fewest rows are summed side by side.
  static std::int64_t partial_sums(const ChannelPlanes& op) {
    const int narrow = lanes(op, 1);
    return kThreads / narrow * combining(slabs(op, narrow));
  }
};

}  // namespace lockstep
