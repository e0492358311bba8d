// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/device_math.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "harness/simt/port.cuh"

namespace lockstep::emulated {
namespace {

TEST(DeviceMath, ReciprocalSquareRoots) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> draw(1e-6f, 1e6f);
  for (int i = 0; i < 100000; ++i) {
    const float x = draw(random);
    const long double exact = 1.0L / std::sqrt(static_cast<long double>(x));
    const float rounded = __frsqrt_rn(x);
    const long double unit = std::nextafter(rounded, HUGE_VALF) - rounded;
    ASSERT_LE(std::fabs(rounded - exact), 0.5L * unit * (1 + 1e-6L)) << x;
    ASSERT_LE(std::fabs(rsqrtf(x) - exact), 2 * unit) << x;  // the device documents 2 units
  }
  EXPECT_EQ(rsqrtf(0.0f), HUGE_VALF);
  EXPECT_EQ(rsqrt(4.0), 0.5);
}

TEST(DeviceMath, MinimumAndMaximum) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(max(nan, 1.0f), 1.0f);
  EXPECT_EQ(min(1.0f, nan), 1.0f);
  EXPECT_EQ(max(-3, 2), 2);
  EXPECT_EQ(min(-1, 2u), 2u) << "mixed signs compare as unsigned, as on the device";
  EXPECT_EQ(max(std::size_t{5}, std::size_t{7}), 7u);
  EXPECT_EQ(min(-5ll, 7ll), -5);
  EXPECT_EQ(max(1.5, -2.5), 1.5);
}

TEST(DeviceMath, Integers) {
  EXPECT_EQ(__popc(0xf0f00001u), 9);
  EXPECT_EQ(__popcll(~0ull), 64);
  EXPECT_EQ(__clz(0), 32);
  EXPECT_EQ(__clz(1), 31);
  EXPECT_EQ(__clzll(1), 63);
  EXPECT_EQ(__ffs(0), 0);
  EXPECT_EQ(__ffs(8), 4);
  EXPECT_EQ(__ffsll(1ll << 40), 41);
  EXPECT_EQ(__brev(0x00000001u), 0x80000000u);
  EXPECT_EQ(__brev(0x0000f00du), 0xb00f0000u);
  EXPECT_EQ(__umulhi(0xffffffffu, 0xffffffffu), 0xfffffffeu);
  EXPECT_EQ(__mulhi(-1, 1), -1);
  EXPECT_EQ(__umul64hi(~0ull, ~0ull), ~0ull - 1);
  EXPECT_EQ(__byte_perm(0x33221100u, 0x77665544u, 0x7531u), 0x77553311u);
  EXPECT_EQ(__byte_perm(0x000000ffu, 0, 0x0888u), 0xffffffffu);
}

TEST(DeviceMath, BitsAndClamps) {
  EXPECT_EQ(__float_as_uint(-2.0f), 0xc0000000u);
  EXPECT_EQ(__uint_as_float(0x7f800000u), HUGE_VALF);
  EXPECT_EQ(__int_as_float(__float_as_int(1.25f)), 1.25f);
  EXPECT_EQ(__longlong_as_double(__double_as_longlong(-0.1)), -0.1);
  EXPECT_EQ(__saturatef(1.5f), 1.0f);
  EXPECT_EQ(__saturatef(-1.0f), 0.0f);
  EXPECT_EQ(__saturatef(0.25f), 0.25f);
  EXPECT_EQ(__saturatef(std::numeric_limits<float>::quiet_NaN()), 0.0f);
  EXPECT_NEAR(normcdff(1.0f), 0.8413447460685429, 1e-7);
  EXPECT_EQ(__fmaf_rn(0x1.000002p0f, 0x1.000002p0f, -1.0f), 0x1.000001p-22f) << "the low bits of the product count";
  EXPECT_EQ(__fadd_rn(__fmul_rn(0x1.000002p0f, 0x1.000002p0f), -1.0f), 0x1p-22f) << "and here they are rounded away";
}

}  // namespace
}  // namespace lockstep::emulated
