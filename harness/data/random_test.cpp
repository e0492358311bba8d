// SPDX-License-Identifier: Apache-2.0
#include "harness/data/random.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace lockstep {
namespace {

// Lengths around the 32 bytes of a step, so that flips hit every lane and every position of the tail.
TEST(HashBytes, EverySingleBitFlipShows) {
  for (const std::size_t length : {1u, 4u, 31u, 32u, 33u, 63u, 100u, 131u}) {
    std::vector<unsigned char> bytes(length);
    RandomStream stream(length);
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(stream.next());
    const std::uint64_t original = hash_bytes(bytes.data(), length);
    std::set<std::uint64_t> hashes{original};
    for (std::size_t bit = 0; bit < 8 * length; ++bit) {
      bytes[bit / 8] ^= static_cast<unsigned char>(1u << (bit % 8));
      hashes.insert(hash_bytes(bytes.data(), length));
      bytes[bit / 8] ^= static_cast<unsigned char>(1u << (bit % 8));
    }
    EXPECT_EQ(hashes.size(), 8 * length + 1) << length;
    EXPECT_EQ(hash_bytes(bytes.data(), length), original);
  }
}

TEST(HashBytes, LengthAndOrderCount) {
  const unsigned char zeros[80] = {};
  std::set<std::uint64_t> hashes;
  for (std::size_t length = 0; length <= 80; ++length) hashes.insert(hash_bytes(zeros, length));
  EXPECT_EQ(hashes.size(), 81u);
  const unsigned char ab[] = {1, 2}, ba[] = {2, 1};
  EXPECT_NE(hash_bytes(ab, 2), hash_bytes(ba, 2));
}

TEST(HashName, TellsNamesApart) {
  EXPECT_NE(hash_name("x"), hash_name("y"));
  EXPECT_NE(hash_name("ab"), hash_name("ba"));
  EXPECT_EQ(hash_name(""), 0xcbf29ce484222325ull);
}

TEST(RandomStream, SameSeedSameNumbers) {
  RandomStream a(5), b(5), other(6);
  bool differs = false;
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t drawn = a.next();
    EXPECT_EQ(drawn, b.next());
    differs = differs || drawn != other.next();
  }
  EXPECT_TRUE(differs);
}

TEST(RandomStream, NumbersInTheirRange) {
  RandomStream stream(1);
  std::vector<int> hits(7, 0);
  double total = 0;
  constexpr int kDraws = 7000;
  for (int i = 0; i < kDraws; ++i) {
    ++hits.at(static_cast<std::size_t>(stream.below(7)));
    const double uniform = stream.uniform();
    ASSERT_TRUE(uniform >= 0 && uniform < 1);
    total += uniform;
  }
  for (const int count : hits) EXPECT_NEAR(count, 1000, 150);  // five standard deviations of a binomial count
  EXPECT_NEAR(total / kDraws, 0.5, 0.02);
}

}  // namespace
}  // namespace lockstep
