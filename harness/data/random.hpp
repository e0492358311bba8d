// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lockstep {

/// SplitMix64's output function (Steele, Lea, Flood 2014): a bijection that scrambles a counter. Counter-based, so any
/// element of a fill can be drawn alone and in any order.
constexpr std::uint64_t mix64(std::uint64_t counter) {
  std::uint64_t z = counter + 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

/// FNV-1a of a name: the stream a tensor or a case draws from depends on its name, not on its position in a list.
constexpr std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const char character : name) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3ull;
  return hash;
}

/// A seeded stream of 64-bit numbers.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed) : state_(mix64(seed)) {}
  std::uint64_t next() { return mix64(state_ += 0x9e3779b97f4a7c15ull); }
  /// Uniform in [0, bound); bound >= 1. The modulo bias is below bound / 2^64.
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
  }
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// Hash of a byte range, for telling whether a kernel changed its inputs. Eight bytes per step; not cryptographic.
std::uint64_t hash_bytes(const void* data, std::size_t bytes);

}  // namespace lockstep
