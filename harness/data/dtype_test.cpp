// SPDX-License-Identifier: Apache-2.0
#include "harness/data/dtype.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

constexpr DType kAll[] = {DType::f64, DType::f32, DType::f16, DType::bf16, DType::i64, DType::u8};

TEST(DType, NamesReadBack) {
  for (const DType dtype : kAll) EXPECT_EQ(parse_dtype(name_of(dtype)), dtype);
  try {
    parse_dtype("float32");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "unknown dtype 'float32'; accepted: f64, f32, f16, bf16, i64, u8");
  }
}

TEST(DType, SizesInBytes) {
  EXPECT_EQ(size_in_bytes(DType::f64) + size_in_bytes(DType::i64), 16u);
  EXPECT_EQ(size_in_bytes(DType::f32), 4u);
  EXPECT_EQ(size_in_bytes(DType::f16) + size_in_bytes(DType::bf16), 4u);
  EXPECT_EQ(size_in_bytes(DType::u8), 1u);
}

// The three constants against the rounding itself, so that neither can be wrong alone.
TEST(DType, ConstantsAreThoseOfTheRounding) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const double u = unit_roundoff(dtype), largest = largest_finite(dtype), tiny = underflow_error(dtype);
    EXPECT_EQ(round_to(dtype, 1 + u), 1) << name_of(dtype);
    EXPECT_EQ(round_to(dtype, 1 + u * (1 + 0x1p-20)), 1 + 2 * u) << name_of(dtype);
    EXPECT_EQ(round_to(dtype, largest), largest);
    EXPECT_TRUE(std::isinf(round_to(dtype, largest * (1 + u))));
    EXPECT_EQ(round_to(dtype, tiny), 0);
    EXPECT_EQ(round_to(dtype, tiny * (1 + 0x1p-20)), 2 * tiny);
  }
  EXPECT_EQ(unit_roundoff(DType::f64), 0x1p-53);
  EXPECT_EQ(round_to(DType::f64, 0.1), 0.1);
}

TEST(DType, IntegersRoundTiesToEven) {
  for (const DType dtype : {DType::i64, DType::u8}) {
    EXPECT_FALSE(is_floating(dtype));
    EXPECT_EQ(unit_roundoff(dtype), 0);
    EXPECT_EQ(round_to(dtype, 2.5), 2);
    EXPECT_EQ(round_to(dtype, 3.5), 4);
  }
}

TEST(DType, SpecialValuesStay) {
  for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16}) {
    EXPECT_TRUE(is_floating(dtype));
    EXPECT_TRUE(std::isnan(round_to(dtype, NAN)));
    EXPECT_EQ(round_to(dtype, -INFINITY), -INFINITY);
    EXPECT_TRUE(std::signbit(round_to(dtype, -0.0)));
  }
}

}  // namespace
}  // namespace lockstep
