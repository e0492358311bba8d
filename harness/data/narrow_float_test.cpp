// SPDX-License-Identifier: Apache-2.0
#include "harness/data/narrow_float.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lockstep {
namespace {

template <class Narrow>
std::uint16_t rounded(double value) {
  return Narrow::from(value).bits;
}

template <class Narrow>
void expect_all_patterns_round_trip() {
  int not_a_number = 0;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto pattern = static_cast<std::uint16_t>(bits);
    const double value = to_double(Narrow{pattern});
    if (std::isnan(value)) {
      ++not_a_number;
      const std::uint16_t back = rounded<Narrow>(value);
      EXPECT_TRUE(std::isnan(to_double(Narrow{back}))) << bits;
      EXPECT_EQ(back & 0x8000, pattern & 0x8000) << "the sign of NaN " << bits;
    } else {
      ASSERT_EQ(rounded<Narrow>(value), pattern);
    }
  }
  const int mantissas = rounded<Narrow>(1.0) == 0x3c00 ? 1023 : 127;  // NaNs of one sign
  EXPECT_EQ(not_a_number, 2 * mantissas);
}

TEST(NarrowFloat, AllPatternsRoundTrip) {
  expect_all_patterns_round_trip<Float16>();
  expect_all_patterns_round_trip<BFloat16>();
}

// Between neighbours the nearer one is taken, and of two equally near ones that with an even last bit; up to the overflow.
template <class Narrow>
void expect_nearest_even_between_neighbours(std::uint16_t infinity) {
  for (std::uint16_t bits = 0; bits + 1 < infinity; ++bits) {
    const double low = to_double(Narrow{bits}), high = to_double(Narrow{static_cast<std::uint16_t>(bits + 1)});
    const double middle = low + (high - low) / 2;
    const auto even = static_cast<std::uint16_t>(bits % 2 == 0 ? bits : bits + 1);
    ASSERT_EQ(rounded<Narrow>(middle), even) << bits;
    ASSERT_EQ(rounded<Narrow>(-middle), even | 0x8000) << bits;
    ASSERT_EQ(rounded<Narrow>(std::nextafter(middle, 0.0)), bits);
    ASSERT_EQ(rounded<Narrow>(std::nextafter(middle, 1e300)), bits + 1);
  }
}

TEST(NarrowFloat, RoundsToTheNearestAndTiesToEven) {
  expect_nearest_even_between_neighbours<Float16>(0x7c00);
  expect_nearest_even_between_neighbours<BFloat16>(0x7f80);
}

// 1 + 2^-11 is a tie of binary16 and 1 + 2^-8 one of bfloat16; 2^-40 above it decides. Float would drop that and leave the
// tie, which goes down: two roundings give the wrong neighbour.
TEST(NarrowFloat, RoundsOnceWhereFloatInBetweenWouldRoundTwice) {
  const double half_tie = 1.0 + 0x1p-11, brain_tie = 1.0 + 0x1p-8;
  EXPECT_EQ(rounded<Float16>(half_tie + 0x1p-40), 0x3c01);
  EXPECT_EQ(rounded<Float16>(static_cast<float>(half_tie + 0x1p-40)), 0x3c00);
  EXPECT_EQ(rounded<BFloat16>(brain_tie + 0x1p-40), 0x3f81);
  EXPECT_EQ(rounded<BFloat16>(static_cast<float>(brain_tie + 0x1p-40)), 0x3f80);
  // The other way round: just below a tie that would go up.
  EXPECT_EQ(rounded<Float16>(1.0 + 3 * 0x1p-11 - 0x1p-40), 0x3c01);
  EXPECT_EQ(rounded<BFloat16>(1.0 + 3 * 0x1p-8 - 0x1p-40), 0x3f81);
}

TEST(NarrowFloat, UnderflowAndOverflow) {
  EXPECT_EQ(rounded<Float16>(0x1p-25), 0);  // half the smallest subnormal: a tie with zero
  EXPECT_EQ(rounded<Float16>(std::nextafter(0x1p-25, 1.0)), 1);
  EXPECT_EQ(rounded<Float16>(-0x1p-26), 0x8000);
  EXPECT_EQ(rounded<BFloat16>(0x1p-134), 0);
  EXPECT_EQ(rounded<BFloat16>(std::nextafter(0x1p-134, 1.0)), 1);
  EXPECT_EQ(rounded<BFloat16>(std::numeric_limits<double>::denorm_min()), 0);
  EXPECT_EQ(rounded<Float16>(65519.99), 0x7bff);
  EXPECT_EQ(rounded<Float16>(65520.0), 0x7c00);
  EXPECT_EQ(rounded<Float16>(-1e300), 0xfc00);
  EXPECT_EQ(rounded<BFloat16>(std::numeric_limits<double>::max()), 0x7f80);
  EXPECT_EQ(rounded<Float16>(-0.0), 0x8000);
  EXPECT_EQ(rounded<BFloat16>(std::numeric_limits<double>::infinity()), 0x7f80);
}

}  // namespace
}  // namespace lockstep
