// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/check/address_ring.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "harness/data/error.hpp"

namespace lockstep::simt::check {
namespace {

constexpr std::uintptr_t kBegin = 1 << 20, kEnd = kBegin + (64 << 12);

TEST(AddressRing, RangesLieAPageApart) {
  AddressRing ring(kBegin, kEnd);
  std::uintptr_t end = kBegin + 4096;  // nothing lies in the first page
  for (const std::size_t bytes : {1, 4096, 4097, 0}) {
    const std::uintptr_t base = ring.take(bytes);
    EXPECT_EQ(base % 4096, 0u);
    EXPECT_GE(base, end);
    end = base + bytes + 1;
  }
}

TEST(AddressRing, ComesRoundPastWhatIsInUse) {
  AddressRing ring(kBegin, kEnd);
  const std::uintptr_t kept = ring.take(100);
  std::uintptr_t last = 0;
  bool came_round = false;
  for (int i = 0; i < 100; ++i) {
    const std::uintptr_t base = ring.take(9000);
    EXPECT_FALSE(base <= kept && kept < base + 9000);
    came_round = came_round || base < last;
    last = base;
    ring.release(base);
    EXPECT_TRUE(ring.at(base)->is_released);
  }
  EXPECT_TRUE(came_round);
  EXPECT_FALSE(ring.at(kept)->is_released);
}

TEST(AddressRing, SaysWhenItIsUsedUp) {
  AddressRing ring(kBegin, kEnd);
  std::vector<std::uintptr_t> all;
  try {
    for (int i = 0; i < 100; ++i) all.push_back(ring.take(5000));
    FAIL() << "a hundred fit into 63 pages";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("5000 bytes"), std::string::npos);
  }
  EXPECT_EQ(all.size(), 21u);  // of three pages each, one of them a gap
  ring.release(all[4]);
  EXPECT_EQ(ring.take(5000), all[4]);
}

TEST(AddressRing, DescribesWhatLiesNearest) {
  AddressRing ring(kBegin, kEnd);
  EXPECT_EQ(ring.describe(kBegin), "global memory that was never allocated");
  const std::uintptr_t first = ring.take(100), second = ring.take(100);
  ring.at(second)->name = "'y'";
  EXPECT_EQ(ring.describe(first + 12), "allocation of 100 bytes + 12");
  EXPECT_EQ(ring.describe(first + 100), "allocation of 100 bytes, 0 bytes past its end at 100");
  EXPECT_EQ(ring.describe(second - 8), "'y', 8 bytes before its start");
  EXPECT_EQ(ring.describe(kBegin), "allocation of 100 bytes, 4096 bytes before its start");
  ring.release(second);
  EXPECT_EQ(ring.describe(second + 4), "released 'y' + 4");
  EXPECT_EQ(ring.at(kEnd - 1), nullptr);
}

}  // namespace
}  // namespace lockstep::simt::check
