// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define LOCKSTEP_SIMT_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOCKSTEP_SIMT_ADDRESS_SANITIZER 1
#endif
#endif

namespace lockstep::simt {

#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
inline constexpr std::size_t kStackBytes = 256 * 1024;  // redzones make frames several times larger
#else
inline constexpr std::size_t kStackBytes = 64 * 1024;
#endif
/// As large as a stack, and not one page, so that a large frame does not step over it into the neighbour.
inline constexpr std::size_t kStackGuardBytes = 64 * 1024;

/// Stack memory of one fiber: it grows from `top` down to `low`, below which lies a guard that may not be touched.
struct Stack {
  char* low = nullptr;
  char* top = nullptr;
};

/// The stacks of one OS thread: mapped in slabs, handed out last-in first-out (the one still in the cache), kept until
/// the pool ends. Throws Error when the system has no more address space.
class StackPool {
 public:
  StackPool() = default;
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  const Stack* take() {
    if (free_.empty()) grow();
    const Stack* stack = free_.back();
    free_.pop_back();
    return stack;
  }
  void give_back(const Stack* stack) { free_.push_back(stack); }

 private:
  void grow();

  std::vector<void*> slabs_;
  std::deque<Stack> stacks_;  // a deque, so that their addresses stay
  std::vector<const Stack*> free_;
};

}  // namespace lockstep::simt
