// SPDX-License-Identifier: Apache-2.0
// What happens before what: barriers, __syncwarp and the boundaries of launches order accesses; nothing else does.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/simt/launch_shape.hpp"

namespace lockstep::simt::check {

inline constexpr unsigned kLanes = 32;
inline constexpr unsigned kWarps = kMaximumBlockThreads / kLanes;

/// Time has two parts. The epoch counts launches, blocks and barriers of blocks over the whole process, so that one number
/// says whether an access belongs to this launch, this block, this stretch between two barriers; a cell with an old
/// epoch need not be cleared. Within a stretch each warp has a time, which every __syncwarp advances, and each lane knows
/// until which time of each other lane it has met it.
class Ordering {
 public:
  void begin_launch();
  void begin_block(std::int64_t number);
  void pass_barrier();
  /// The lanes of the mask have met in a __syncwarp.
  void join_lanes(unsigned warp, std::uint32_t mask);
  /// The thread knows that all blocks before its own have finished their work and seen to it that it sees it.
  void acquire_finished_blocks(unsigned thread);

  std::uint32_t epoch() const { return epoch_; }
  std::uint32_t launch_start() const { return launch_start_; }
  std::uint32_t block_start() const { return block_start_; }
  std::uint32_t time_of(unsigned warp) const { return time_[warp]; }
  bool has_acquired(unsigned thread) const { return any_acquired_ && acquired_[thread]; }
  /// Whether `self` has met `other`, of the same warp, since that time of it.
  bool lane_knows(unsigned warp, unsigned self, unsigned other, std::uint32_t time) const {
    return self == other || full_join_[warp] >= time || known_[warp][self][other] >= time;
  }
  /// Whether what `thread` did then happens before what `self` does now; threads by their index in the block.
  bool is_ordered(std::uint32_t epoch, std::uint32_t time, unsigned thread, unsigned self) const {
    if (epoch != epoch_) return epoch < launch_start_ || epoch >= block_start_ || has_acquired(self);
    if (thread / kLanes != self / kLanes) return false;
    return lane_knows(self / kLanes, self % kLanes, thread % kLanes, time);
  }
  /// The number of the block that ran at this epoch of the launch.
  std::int64_t block_at(std::uint32_t epoch) const;
  /// Whether the epochs run out; then everything that holds one has to be forgotten before restart().
  bool is_exhausted() const { return epoch_ > 0xf0000000u; }
  void restart();

 private:
  struct BlockStart {
    std::uint32_t epoch;
    std::int64_t number;
  };

  std::uint32_t epoch_ = 0, launch_start_ = 0, block_start_ = 0;
  std::vector<BlockStart> blocks_;  // of this launch, in order of time
  std::uint32_t time_[kWarps] = {};
  std::uint32_t full_join_[kWarps] = {};  // when all 32 lanes last met: known to each of each
  std::uint32_t known_[kWarps][kLanes][kLanes] = {};
  bool any_acquired_ = false;
  bool acquired_[kMaximumBlockThreads] = {};
};

}  // namespace lockstep::simt::check
