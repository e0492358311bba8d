// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace lockstep {

/// A 32-bit word that threads watch for a change: a moment by spinning, then asleep in the kernel (futex). The standard's
/// atomic wait knows no time limit, and a condition variable costs a lock on the fast path.
class WaitWord {
 public:
  using Clock = std::chrono::steady_clock;
  using Deadline = std::optional<Clock::time_point>;

  std::uint32_t load() const { return word_.load(std::memory_order_acquire); }
  bool compare_exchange(std::uint32_t& expected, std::uint32_t desired) {
    return word_.compare_exchange_strong(expected, desired, std::memory_order_seq_cst);
  }
  void increment() { word_.fetch_add(1, std::memory_order_seq_cst); }
  /// To be called after each change.
  void wake_all();
  /// Returns the word once it differs from `seen`, or `seen` at the deadline. `may_spin`: whether a core is to spare.
  std::uint32_t wait_while(std::uint32_t seen, bool may_spin, Deadline deadline);

 private:
  std::atomic<std::uint32_t> word_{0};
  std::atomic<int> sleepers_{0};
};

}  // namespace lockstep
