// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/scratch_device.hpp"

#include <algorithm>
#include <vector>

#include "harness/data/error.hpp"
#include "harness/simt/global_memory.hpp"

namespace lockstep {
namespace {

// A multiple of what cudaMalloc aligns to, so that scratch memory is aligned as without the guard.
constexpr std::size_t kGuardBytes = 256;
constexpr std::uint8_t kPoison = 0xff;

constexpr std::uint8_t canary(std::size_t position) { return static_cast<std::uint8_t>(0xa5 ^ (position * 37)); }

std::vector<std::uint8_t> guard() {
  std::vector<std::uint8_t> bytes(kGuardBytes);
  for (std::size_t at = 0; at < kGuardBytes; ++at) bytes[at] = canary(at);
  return bytes;
}

std::uint8_t* block_of(void* memory) { return static_cast<std::uint8_t*>(memory) - kGuardBytes; }

}  // namespace

void* ScratchDevice::allocate(std::size_t bytes) {
  if (bytes > limit_bytes_ || held_bytes_ > limit_bytes_ - bytes)
    throw Error("scratch memory: " + std::to_string(held_bytes_ + bytes) + " bytes asked for, " +
                std::to_string(limit_bytes_) + " allowed");
  void* const block = beneath_.allocate(bytes + 2 * kGuardBytes);
  void* const memory = static_cast<std::uint8_t*>(block) + kGuardBytes;
  const std::vector<std::uint8_t> canaries = guard(), poison(bytes, kPoison);
  beneath_.copy_to_device(block, canaries.data(), kGuardBytes);
  beneath_.copy_to_device(memory, poison.data(), bytes);
  beneath_.copy_to_device(static_cast<std::uint8_t*>(memory) + bytes, canaries.data(), kGuardBytes);
  simt::describe_global(memory, bytes, "scratch memory");
  held_[memory] = bytes;
  held_bytes_ += bytes;
  most_bytes_ = std::max(most_bytes_, held_bytes_);
  return memory;
}

void ScratchDevice::release(void* memory) noexcept {
  const auto found = held_.find(memory);
  if (found == held_.end()) return;
  held_bytes_ -= found->second;
  held_.erase(found);
  beneath_.release(block_of(memory));
}

std::optional<std::string> ScratchDevice::damage() {
  const std::vector<std::uint8_t> canaries = guard();
  std::vector<std::uint8_t> found(kGuardBytes);
  for (const auto& [memory, bytes] : held_) {
    const auto size = " of " + std::to_string(bytes) + " bytes of scratch memory";
    beneath_.copy_to_host(found.data(), block_of(memory), kGuardBytes);
    if (found != canaries) return "bytes were written ahead" + size;
    beneath_.copy_to_host(found.data(), static_cast<std::uint8_t*>(memory) + bytes, kGuardBytes);
    if (found != canaries) {
      const auto first = std::mismatch(found.begin(), found.end(), canaries.begin()).first - found.begin();
      return "bytes were written behind the end" + size + ", the first " + std::to_string(first) + " bytes past it";
    }
  }
  return std::nullopt;
}

}  // namespace lockstep
