// SPDX-License-Identifier: Apache-2.0
#include "harness/data/values.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "harness/data/fill.hpp"
#include "harness/data/narrow_float.hpp"

namespace lockstep {
namespace {

constexpr DType kFloating[] = {DType::f64, DType::f32, DType::f16, DType::bf16};
constexpr Layout kLayouts[] = {Layout::contiguous, Layout::channels_last, Layout::strided, Layout::unaligned};

bool same(double a, double b) { return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b); }

TEST(Values, StartAsZerosAndRoundWhatIsSet) {
  for (const DType dtype : kFloating) {
    Values values(dtype, {2, 3});
    EXPECT_EQ(values.count(), 6);
    for (std::int64_t i = 0; i < 6; ++i) EXPECT_EQ(values[i], 0);
    values.set(4, 0.1);
    EXPECT_EQ(values[4], round_to(dtype, 0.1));
  }
  Values integers(DType::i64, {2});
  integers.set(1, -7.0);
  EXPECT_EQ(integers[1], -7);
  EXPECT_EQ(Values(DType::f32, {}).count(), 1);
  EXPECT_EQ(Values(DType::f32, {3, 0}).count(), 0);
}

TEST(Values, RoundedToAnotherDtype) {
  Values values(DType::f64, {1});
  values.set(0, 1.0 + 0x1p-11 + 0x1p-40);  // not through float: see NarrowFloat
  EXPECT_EQ(values.rounded_to(DType::f16)[0], 1.0 + 0x1p-10);
}

TEST(Values, StoreAndLoadAreInverseInEveryLayout) {
  for (const DType dtype : kFloating)
    for (const Layout layout : kLayouts)
      for (const Shape& shape :
           {Shape{}, Shape{5}, Shape{3, 4}, Shape{2, 3, 4, 5}, Shape{2, 3, 2, 2, 2}, Shape{2, 0, 4}}) {
        Values values(dtype, shape);
        fill_values(values, Fill::special, {.takes_special = true}, 11);
        const Strides strides = strides_of(shape, layout);
        const auto bytes = static_cast<std::size_t>(span_in_elements(shape, strides)) * size_in_bytes(dtype);
        std::vector<unsigned char> memory(bytes + 1, 0xee);
        store(values, memory.data(), strides);
        EXPECT_EQ(memory[bytes], 0xee) << "written past the end";
        const Values back = load(memory.data(), dtype, shape, strides);
        for (std::int64_t i = 0; i < values.count(); ++i)
          ASSERT_TRUE(same(back[i], values[i])) << name_of(dtype) << to_label(shape) << name_of(layout) << i;
      }
}

TEST(Values, GapsOfAStridedTensorStayUntouched) {
  Values values(DType::f32, {2, 2});
  for (std::int64_t i = 0; i < 4; ++i) values.set(i, 1.0);
  std::vector<float> memory(8, -5.0f);
  store(values, memory.data(), strides_of({2, 2}, Layout::strided));
  EXPECT_EQ(memory, (std::vector<float>{1, 1, -5, -5, -5, 1, 1, -5}));
}

TEST(Values, LargeIntegersKeepEveryBit) {
  const std::int64_t large = (std::int64_t{1} << 62) + 1;
  Values values(DType::i64, {2});
  values.integers()[1] = large;
  std::int64_t memory[2];
  store(values, memory, {1});
  EXPECT_EQ(memory[1], large);
  EXPECT_EQ(load(memory, DType::i64, {2}, {1}).integers()[1], large);
}

// Every float pattern in steps, so that ties, overflow, subnormals and NaNs of both formats are among them.
TEST(Values, BulkRoundingIsTheRoundingOfOneElement) {
  for (std::uint64_t bits = 0; bits < (1ull << 32); bits += 40503) {
    for (const std::uint32_t low : {static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(bits) & 0xffff8000u}) {
      const float value = std::bit_cast<float>(low);
      for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
        float rounded = value;
        round_floats_to(dtype, &rounded, 1);
        ASSERT_TRUE(same(rounded, round_to(dtype, value))) << std::hex << low << name_of(dtype);
      }
    }
  }
}

TEST(Values, ElementsOfEveryDtypeInMemory) {
  unsigned char memory[32] = {};
  for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::i64, DType::u8}) {
    store_element(memory, dtype, 2, 3.0);
    EXPECT_EQ(load_element(memory, dtype, 2), 3.0);
    EXPECT_EQ(load_element(memory, dtype, 1), 0.0);
    store_element(memory, dtype, 2, 0.0);
  }
}

}  // namespace
}  // namespace lockstep
