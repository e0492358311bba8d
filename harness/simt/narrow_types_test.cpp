// SPDX-License-Identifier: Apache-2.0
// Against a reference of another kind: the value of each bit pattern by ldexp, and rounding by search for the nearest
// representable neighbour, so that nothing of the bit arithmetic under test is repeated here.
#include "harness/simt/narrow_types.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "harness/simt/port.cuh"

namespace lockstep::emulated {
namespace {

struct Half {
  using Type = __half;
  static constexpr int kMantissaBits = 10, kBias = 15, kExponentBits = 5;
};
struct Bfloat16 {
  using Type = __nv_bfloat16;
  static constexpr int kMantissaBits = 7, kBias = 127, kExponentBits = 8;
};

template <class Format>
class NarrowTypes : public testing::Test {
 protected:
  static constexpr unsigned kInfinity = ((1u << Format::kExponentBits) - 1) << Format::kMantissaBits;

  NarrowTypes() {
    for (unsigned bits = 0; bits < kInfinity; ++bits) finite_.push_back(value_of(bits));
  }

  static double value_of(unsigned magnitude) {
    const unsigned exponent = magnitude >> Format::kMantissaBits,
                   fraction = magnitude & ((1u << Format::kMantissaBits) - 1);
    const unsigned hidden = exponent == 0 ? 0 : 1u << Format::kMantissaBits;
    return std::ldexp(fraction + hidden,
                      static_cast<int>(exponent == 0 ? 1 : exponent) - Format::kBias - Format::kMantissaBits);
  }

  /// The bits that round-to-nearest-even gives for an exact value.
  unsigned expected_bits(long double value) const {
    if (std::isnan(value)) return 0x7fffu;
    const unsigned sign = std::signbit(value) ? 0x8000u : 0u;
    const long double magnitude = std::fabs(value);
    const auto above = std::lower_bound(finite_.begin(), finite_.end(), magnitude);
    const auto index = static_cast<unsigned>(above - finite_.begin());
    if (index < finite_.size() && finite_[index] == magnitude) return sign | index;
    const long double low = finite_[index - 1];
    // What would follow the largest number if the exponents went on: from half way to it on, infinity.
    const long double high = index < finite_.size() ? finite_[index] : 2 * finite_[index - 1] - finite_[index - 2];
    const long double from_low = magnitude - low, from_high = high - magnitude;
    if (from_low < from_high) return sign | (index - 1);
    if (from_low > from_high) return sign | index;
    return sign | ((index - 1) % 2 == 0 ? index - 1 : index);
  }

  std::vector<double> finite_;
};

using Formats = testing::Types<Half, Bfloat16>;
TYPED_TEST_SUITE(NarrowTypes, Formats);

template <class Type>
Type from_bits(unsigned bits) {
  return Type::from_bits(static_cast<std::uint16_t>(bits));
}

TYPED_TEST(NarrowTypes, EveryPatternWidensExactly) {
  using Type = typename TypeParam::Type;
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const float value = from_bits<Type>(bits);
    const unsigned magnitude = bits & 0x7fffu;
    if (magnitude > this->kInfinity) {
      ASSERT_TRUE(std::isnan(value)) << bits;
    } else {
      const double expected = magnitude == this->kInfinity ? HUGE_VAL : this->finite_[magnitude];
      ASSERT_EQ(value, bits & 0x8000u ? -expected : expected) << bits;
      ASSERT_EQ(std::signbit(value), bits >= 0x8000u) << bits;
      ASSERT_EQ(Type(value).bits(), bits) << "and back";
    }
  }
}

TYPED_TEST(NarrowTypes, TiesAndTheirNeighboursRoundToEven) {
  using Type = typename TypeParam::Type;
  for (unsigned bits = 0; bits < this->kInfinity; ++bits) {
    const double low = this->finite_[bits];
    const double high = bits + 1 < this->kInfinity ? this->finite_[bits + 1] : 2 * low - this->finite_[bits - 1];
    const auto tie = static_cast<float>((low + high) / 2);
    for (float value : {tie, std::nextafter(tie, 0.0f), std::nextafter(tie, HUGE_VALF)})
      for (float sign : {1.0f, -1.0f}) ASSERT_EQ(Type(sign * value).bits(), this->expected_bits(sign * value)) << value;
  }
}

TYPED_TEST(NarrowTypes, RandomFloatsAndDoublesRoundOnce) {
  using Type = typename TypeParam::Type;
  std::mt19937_64 random(1);
  for (int i = 0; i < 400000; ++i) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    ASSERT_EQ(Type(value).bits(), this->expected_bits(value)) << value;
    // A double near a tie of the format: through float it would be rounded twice and go the wrong way.
    const unsigned bits = static_cast<unsigned>(random()) % (this->kInfinity - 1);
    const double tie = (this->finite_[bits] + this->finite_[bits + 1]) / 2;
    for (double near :
         {std::nextafter(tie, 0.0), std::nextafter(tie, HUGE_VAL), tie * (1 + 0x1p-40), tie * (1 - 0x1p-40)})
      ASSERT_EQ(Type(near).bits(), this->expected_bits(near)) << near;
  }
  for (double value : {1e300, -1e300, 1e-300, 65519.999999999, 65520.0, 3.3961775292304957e38, 0.0, -0.0})
    EXPECT_EQ(Type(value).bits(), this->expected_bits(value)) << value;
}

TYPED_TEST(NarrowTypes, ArithmeticRoundsTheExactResultOnce) {
  using Type = typename TypeParam::Type;
  std::mt19937_64 random(2);
  int fused_differs = 0;
  for (int i = 0; i < 400000; ++i) {
    // Exponents close to each other, so that sums round; long double holds the exact product and sum of these.
    const unsigned centre = 0x3c00u * (TypeParam::kMantissaBits == 10) + 0x3f80u * (TypeParam::kMantissaBits == 7);
    const auto draw = [&] {
      const unsigned span = 8u << TypeParam::kMantissaBits;
      return from_bits<Type>((centre - span / 2 + static_cast<unsigned>(random()) % span) |
                             (static_cast<unsigned>(random()) & 0x8000u));
    };
    const Type a = draw(), b = draw(), c = draw();
    const long double x = float(a), y = float(b), z = float(c);
    ASSERT_EQ((a + b).bits(), x + y == 0 ? 0u : this->expected_bits(x + y));
    ASSERT_EQ((a - b).bits(), x - y == 0 ? 0u : this->expected_bits(x - y));
    ASSERT_EQ((a * b).bits(), this->expected_bits(x * y));
    ASSERT_EQ((a / b).bits(), this->expected_bits(x / y));  // 64 bits of quotient decide: a tie cannot occur
    const long double fused = x * y + z;
    ASSERT_EQ(__hfma(a, b, c).bits(), fused == 0 ? 0u : this->expected_bits(fused)) << float(a) << " " << float(b);
    fused_differs += __hfma(a, b, c).bits() != (a * b + c).bits();
  }
  EXPECT_GT(fused_differs, 1000) << "the case is not tested if rounding twice gives the same";
}

TEST(NarrowTypesOfHalf, FusedIsNotRoundedThroughFloat) {
  // Found by search: the float fma falls on a tie of half, the exact result beside it.
  const __half a = from_bits<__half>(0x3c01), b = from_bits<__half>(0x3c01), c = from_bits<__half>(0x0001);
  const double exact = double(float(a)) * double(float(b)) + double(float(c));
  const float through_float = std::fma(float(a), float(b), float(c));
  EXPECT_EQ(__hfma(a, b, c).bits(), __half(exact).bits());
  // A product just above a tie by less than float can hold beside it.
  std::mt19937 random(3);
  int different = 0;
  for (int i = 0; i < 4000000 && different < 20; ++i) {
    const __half x = from_bits<__half>(random() & 0x7bffu), y = from_bits<__half>(random() & 0x7bffu);
    const __half z = from_bits<__half>(random() & 0xfbffu);
    if (!std::isfinite(float(x)) || !std::isfinite(float(y)) || !std::isfinite(float(z))) continue;
    const __half twice = std::fma(float(x), float(y), float(z));
    if (twice.bits() == __hfma(x, y, z).bits()) continue;
    ++different;
    const long double full = (long double)float(x) * float(y) + float(z);
    EXPECT_LT(std::fabs(full - float(__hfma(x, y, z))), std::fabs(full - float(twice)));
  }
  EXPECT_GT(different, 0) << "double rounding was not met: " << through_float;
}

TYPED_TEST(NarrowTypes, NotANumberAndInfinity) {
  using Type = typename TypeParam::Type;
  const Type nan = from_bits<Type>(0x7fff), one = 1.0f, infinity = HUGE_VALF;
  EXPECT_TRUE(__hisnan(nan + one));
  EXPECT_FALSE(nan == nan);
  EXPECT_TRUE(nan != nan);
  EXPECT_FALSE(nan < one);
  EXPECT_FALSE(__heq(nan, nan));
  EXPECT_FALSE(__hne(nan, one)) << "ordered, unlike !=";
  EXPECT_EQ(float(__hmax(nan, one)), 1.0f);
  EXPECT_EQ(float(__hmin(one, nan)), 1.0f);
  EXPECT_TRUE(__hisnan(__hmax(nan, nan)));
  EXPECT_EQ(Type(infinity).bits(), this->kInfinity);
  EXPECT_EQ(Type(-HUGE_VALF).bits(), this->kInfinity | 0x8000u);
  EXPECT_EQ(Type(std::numeric_limits<float>::quiet_NaN()).bits(), 0x7fffu);
  EXPECT_TRUE(__hisnan(from_bits<Type>(0xffff))) << "the poison of memory";
  EXPECT_EQ((-one).bits(), one.bits() | 0x8000u);
  EXPECT_EQ(__habs(-one).bits(), one.bits());
  EXPECT_EQ(__hmax(from_bits<Type>(0x8000), from_bits<Type>(0)).bits(), 0u);
  EXPECT_EQ(__hmin(from_bits<Type>(0), from_bits<Type>(0x8000)).bits(), 0x8000u);
}

TEST(NarrowPairs, PackLowAndHigh) {
  const __half2 pair = __floats2half2_rn(1.5f, -2.0f);
  EXPECT_EQ(sizeof(pair), 4u);
  EXPECT_EQ(std::bit_cast<unsigned>(pair), 0xc0003e00u) << "the low half is x";
  EXPECT_EQ(__half22float2(pair).y, -2.0f);
  EXPECT_EQ(__low2float(pair), 1.5f);
  EXPECT_EQ(float(__high2half(pair)), -2.0f);
  const __half2 fused = __hfma2(pair, __float2half2_rn(2), __half2half2(__float2half(1)));
  EXPECT_EQ(__low2float(fused), 4.0f);
  EXPECT_EQ(__high2float(fused), -3.0f);
  const __nv_bfloat162 brain = __floats2bfloat162_rn(1.0f, -0.5f);
  EXPECT_EQ(std::bit_cast<unsigned>(brain), 0xbf003f80u);
  EXPECT_EQ(__bfloat1622float2(__hadd2(brain, brain)).y, -1.0f);
  EXPECT_EQ(__bfloat16_as_ushort(__high2bfloat16(brain)), 0xbf00);
  EXPECT_EQ(__half_as_ushort(__ushort_as_half(0x1234)), 0x1234);
}

}  // namespace
}  // namespace lockstep::emulated
