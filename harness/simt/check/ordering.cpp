// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/check/ordering.hpp"

#include <algorithm>

namespace lockstep::simt::check {

void Ordering::begin_launch() {
  launch_start_ = block_start_ = ++epoch_;
  blocks_.clear();
}

void Ordering::begin_block(std::int64_t number) {
  block_start_ = ++epoch_;
  blocks_.push_back({block_start_, number});
  if (any_acquired_) std::fill(acquired_, acquired_ + kMaximumBlockThreads, false);
  any_acquired_ = false;
  // Times start at 1, so that a lane that has met nobody knows nothing.
  for (std::uint32_t& time : time_) time = std::max<std::uint32_t>(time, 1);
}

void Ordering::pass_barrier() {
  ++epoch_;
  if (any_acquired_) std::fill(acquired_, acquired_ + kMaximumBlockThreads, true);
}

void Ordering::join_lanes(unsigned warp, std::uint32_t mask) {
  const std::uint32_t now = time_[warp]++;
  if (mask == 0xffffffffu) {
    full_join_[warp] = now;
    return;
  }
  std::uint32_t joined[kLanes] = {};
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if ((mask >> lane) & 1u)
      for (unsigned other = 0; other < kLanes; ++other)
        joined[other] = std::max(joined[other], known_[warp][lane][other]);
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if ((mask >> lane) & 1u) joined[lane] = now;
  for (unsigned lane = 0; lane < kLanes; ++lane)
    if ((mask >> lane) & 1u) std::copy(joined, joined + kLanes, known_[warp][lane]);
}

void Ordering::acquire_finished_blocks(unsigned thread) {
  any_acquired_ = true;
  acquired_[thread] = true;
}

std::int64_t Ordering::block_at(std::uint32_t epoch) const {
  const auto after = std::upper_bound(blocks_.begin(), blocks_.end(), epoch,
                                      [](std::uint32_t at, const BlockStart& start) { return at < start.epoch; });
  return after == blocks_.begin() ? 0 : (after - 1)->number;
}

void Ordering::restart() { *this = Ordering(); }

}  // namespace lockstep::simt::check
