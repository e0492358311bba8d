// SPDX-License-Identifier: Apache-2.0
#include "harness/data/random.hpp"

#include <cstring>

namespace lockstep {

namespace {

/// Eight 32-bit states side by side. Each step is a bijection of the state and of the word that comes in, so one changed
/// word changes the state for good.
using States = std::uint32_t __attribute__((vector_size(32)));

inline void take(States& states, const unsigned char* bytes) {
  States words;
  std::memcpy(&words, bytes, sizeof words);
  states = (states ^ words) * 0x9e3779b1u;
  states ^= states >> 15;
}

}  // namespace

std::uint64_t hash_bytes(const void* data, std::size_t bytes) {
  const auto* cursor = static_cast<const unsigned char*>(data);
  // Four independent chains: a single one would be bound by its latency, not by memory.
  States chains[4];
  for (unsigned chain = 0; chain < 4; ++chain)
    for (unsigned state = 0; state < 8; ++state) chains[chain][state] = 8 * chain + state + 1;
  std::size_t left = bytes;
  for (; left >= sizeof chains; left -= sizeof chains, cursor += sizeof chains)
    for (std::size_t chain = 0; chain < 4; ++chain) take(chains[chain], cursor + chain * sizeof(States));
  if (left > 0) {
    unsigned char last[sizeof chains] = {};
    std::memcpy(last, cursor, left);
    for (std::size_t chain = 0; chain < 4; ++chain) take(chains[chain], last + chain * sizeof(States));
  }
  std::uint64_t hash = bytes;
  for (const States& states : chains)
    for (std::size_t state = 0; state < 8; state += 2)
      hash = mix64(hash ^ (static_cast<std::uint64_t>(states[state]) << 32 | states[state + 1]));
  return hash;
}

}  // namespace lockstep
