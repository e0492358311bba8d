// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/threads/wait_word.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace lockstep {
namespace {

// About 20 microseconds: longer than ranks drift apart in a collective of 1 MiB, shorter than anybody notices.
constexpr int kSpins = 500;

void pause_core() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

/// Sleeps while the word is `seen`; at most `seconds`. Wakes without reason too.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t seen, const timespec* limit) {
  static_assert(sizeof(std::atomic<std::uint32_t>) == 4);
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT_PRIVATE, seen, limit, nullptr, 0);
}

}  // namespace

void WaitWord::wake_all() {
  // Sequentially consistent on both sides: either this sees the sleeper, or the kernel sees the new word.
  if (sleepers_.load(std::memory_order_seq_cst) == 0) return;
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word_), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

std::uint32_t WaitWord::wait_while(std::uint32_t seen, bool may_spin, Deadline deadline) {
  std::uint32_t now = load();
  for (int spin = 0; may_spin && now == seen && spin < kSpins; ++spin) {
    pause_core();
    now = load();
  }
  if (now != seen) return now;
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  while ((now = word_.load(std::memory_order_seq_cst)) == seen) {
    timespec limit{};
    if (deadline) {
      const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(*deadline - Clock::now()).count();
      if (left <= 0) break;
      limit.tv_sec = static_cast<std::time_t>(left / 1'000'000'000);
      limit.tv_nsec = static_cast<long>(left % 1'000'000'000);
    }
    futex_wait(word_, seen, deadline ? &limit : nullptr);
  }
  sleepers_.fetch_sub(1, std::memory_order_seq_cst);
  return now;
}

}  // namespace lockstep
