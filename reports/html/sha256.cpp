// SPDX-License-Identifier: Apache-2.0
#include "reports/html/sha256.hpp"

#include <bit>
#include <cmath>
#include <string>

namespace lockstep::reports {
namespace {

using Words = std::array<std::uint32_t, 64>;

// The standard defines its constants as the first 32 fractional bits of roots of the first 64 primes. Square and cube
// roots below 312 leave the double 44 bits behind the point, so they are computed instead of being typed in.
std::uint32_t fractional_bits(double root) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(std::ldexp(root - std::floor(root), 32)));
}

std::array<int, 64> first_primes() {
  std::array<int, 64> primes{};
  std::size_t count = 0;
  for (int candidate = 2; count < primes.size(); ++candidate) {
    bool is_prime = true;
    for (std::size_t i = 0; i < count; ++i) is_prime = is_prime && candidate % primes[i] != 0;
    if (is_prime) primes[count++] = candidate;
  }
  return primes;
}

Words round_constants() {
  Words constants{};
  const std::array<int, 64> primes = first_primes();
  for (std::size_t i = 0; i < 64; ++i) constants[i] = fractional_bits(std::cbrt(static_cast<double>(primes[i])));
  return constants;
}

void absorb(std::array<std::uint32_t, 8>& state, const unsigned char* block) {
  static const Words constants = round_constants();
  Words schedule{};
  for (std::size_t i = 0; i < 16; ++i) {
    schedule[i] = std::uint32_t{block[4 * i]} << 24 | std::uint32_t{block[4 * i + 1]} << 16 |
                  std::uint32_t{block[4 * i + 2]} << 8 | std::uint32_t{block[4 * i + 3]};
  }
  for (std::size_t i = 16; i < 64; ++i) {
    const std::uint32_t a = schedule[i - 15];
    const std::uint32_t b = schedule[i - 2];
    const std::uint32_t small_0 = std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3);
    const std::uint32_t small_1 = std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10);
    schedule[i] = schedule[i - 16] + small_0 + schedule[i - 7] + small_1;
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint32_t sum_1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const std::uint32_t choice = (e & f) ^ (~e & g);
    const std::uint32_t first = h + sum_1 + choice + constants[i] + schedule[i];
    const std::uint32_t sum_0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const std::uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + sum_0 + majority;
  }
  const std::array<std::uint32_t, 8> worked{a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i) state[i] += worked[i];
}

}  // namespace

std::array<std::uint8_t, 32> sha256(std::string_view text) {
  std::array<std::uint32_t, 8> state{};
  const std::array<int, 64> primes = first_primes();
  for (std::size_t i = 0; i < 8; ++i) state[i] = fractional_bits(std::sqrt(static_cast<double>(primes[i])));

  // Padding: one bit, zeros up to 56 bytes modulo 64, then the length in bits, most significant byte first.
  std::string padded(text);
  padded.push_back(static_cast<char>(0x80));
  while (padded.size() % 64 != 56) padded.push_back('\0');
  const std::uint64_t bits = std::uint64_t{text.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8) padded.push_back(static_cast<char>(bits >> shift & 0xff));

  for (std::size_t offset = 0; offset < padded.size(); offset += 64) {
    absorb(state, reinterpret_cast<const unsigned char*>(padded.data()) + offset);
  }
  std::array<std::uint8_t, 32> digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)) & 0xff);
  }
  return digest;
}

}  // namespace lockstep::reports
