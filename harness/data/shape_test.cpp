// SPDX-License-Identifier: Apache-2.0
#include "harness/data/shape.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

constexpr Layout kAll[] = {Layout::contiguous, Layout::channels_last, Layout::strided, Layout::unaligned};

TEST(Shape, LabelsReadBack) {
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{7}, Shape{16, 64, 28, 28}, Shape{2, 0, 3}})
    EXPECT_EQ(parse_shape(to_label(shape)), shape);
  EXPECT_EQ(to_label({16, 64}), "16x64");
  EXPECT_EQ(to_label({}), "scalar");
  EXPECT_EQ(to_text({16, 64}), "[16, 64]");
  EXPECT_EQ(to_text({}), "[]");
}

TEST(Shape, MalformedLabelsAreRefused) {
  for (const char* label : {"", "x", "16x", "x16", "16xx2", "16 x2", "-3", "3x-1", "3,4", "3x4 ", "0x10h", "1e3",
                            "99999999999999999999", "scalarx2"})
    EXPECT_THROW(parse_shape(label), Error) << label;
  // Element counts and strides must not overflow, not even beside a zero.
  EXPECT_THROW(parse_shape("4294967296x4294967296"), Error);
  EXPECT_THROW(parse_shape("0x4294967296x4294967296"), Error);
  EXPECT_EQ(element_count(parse_shape("268435456x268435456")), std::int64_t{1} << 56);
}

TEST(Layout, NamesReadBack) {
  for (const Layout layout : kAll) EXPECT_EQ(parse_layout(name_of(layout)), layout);
  EXPECT_THROW(parse_layout("nhwc"), Error);
}

TEST(Strides, OfEveryLayout) {
  using testing::ElementsAre;
  const Shape image{2, 3, 4, 5};
  EXPECT_THAT(strides_of(image, Layout::contiguous), ElementsAre(60, 20, 5, 1));
  EXPECT_THAT(strides_of(image, Layout::unaligned), ElementsAre(60, 20, 5, 1));
  EXPECT_THAT(strides_of(image, Layout::channels_last), ElementsAre(60, 1, 15, 3));
  EXPECT_THAT(strides_of(image, Layout::strided), ElementsAre(96, 32, 8, 1));
  EXPECT_THAT(strides_of({2, 3, 4, 5, 6}, Layout::channels_last), ElementsAre(360, 1, 90, 18, 3));
  EXPECT_THAT(strides_of({2, 3, 4}, Layout::channels_last), ElementsAre(12, 4, 1));
  EXPECT_THAT(strides_of({7}, Layout::strided), ElementsAre(1));
  EXPECT_TRUE(strides_of({}, Layout::strided).empty());
}

// What makes a layout one: every element has a place of its own inside the span.
TEST(Strides, GiveEveryElementItsOwnPlace) {
  for (const Layout layout : kAll)
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3}, Shape{2, 3, 4, 5}, Shape{2, 3, 1, 2, 2}}) {
      const Strides strides = strides_of(shape, layout);
      const std::int64_t span = span_in_elements(shape, strides);
      std::set<std::int64_t> places;
      for (std::int64_t i = 0; i < element_count(shape); ++i) {
        const std::int64_t offset = offset_of(i, shape, strides);
        EXPECT_TRUE(offset >= 0 && offset < span);
        places.insert(offset);
      }
      EXPECT_EQ(static_cast<std::int64_t>(places.size()), element_count(shape)) << to_label(shape) << name_of(layout);
      EXPECT_EQ(*places.rbegin(), span - 1);
    }
}

TEST(Strides, EmptyTensorsSpanNothing) {
  for (const Layout layout : kAll) EXPECT_EQ(span_in_elements({2, 0, 3, 4}, strides_of({2, 0, 3, 4}, layout)), 0);
}

TEST(Shape, CoordinatesOfAnIndex) {
  EXPECT_EQ(coordinates_of(59, {2, 3, 4, 5}), (Shape{0, 2, 3, 4}));
  EXPECT_EQ(coordinates_of(60, {2, 3, 4, 5}), (Shape{1, 0, 0, 0}));
  EXPECT_EQ(coordinates_of(0, {}), Shape{});
}

}  // namespace
}  // namespace lockstep
