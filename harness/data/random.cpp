// SPDX-License-Identifier: Apache-2.0
#include "harness/data/random.hpp"

#include <cstring>

namespace lockstep {

std::uint64_t hash_bytes(const void* data, std::size_t bytes) {
  constexpr std::uint64_t kPrime = 0x9fb21c651e98df25ull;
  const auto* cursor = static_cast<const unsigned char*>(data);
  // Four independent lanes: a single multiply chain would be bound by its latency, not by memory.
  std::uint64_t lanes[4] = {1, 2, 3, 4};
  std::size_t left = bytes;
  for (; left >= 32; left -= 32, cursor += 32)
    for (int lane = 0; lane < 4; ++lane) {
      std::uint64_t word;
      std::memcpy(&word, cursor + 8 * lane, 8);
      lanes[lane] = (lanes[lane] ^ word) * kPrime;
      lanes[lane] ^= lanes[lane] >> 29;
    }
  for (; left > 0; --left, ++cursor) lanes[left % 4] = (lanes[left % 4] ^ *cursor) * kPrime;
  return mix64(lanes[0] ^ mix64(lanes[1] ^ mix64(lanes[2] ^ mix64(lanes[3] ^ bytes))));
}

}  // namespace lockstep
