// SPDX-License-Identifier: Apache-2.0
#include "kernels/shared/merged_axes.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using List = std::vector<std::int64_t>;

TEST(MergedAxes, DenseTensorsBecomeOneAxisInEveryLayout) {
  const Shape shape{2, 3, 4, 5};
  for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::unaligned}) {
    const Strides strides = strides_of(shape, layout);
    const auto axes = merge_axes(shape, {strides, strides});
    ASSERT_EQ(axes.size(), 1u) << name_of(layout);
    EXPECT_EQ(axes[0].extent, 120);
    EXPECT_EQ(axes[0].strides, (List{1, 1}));
  }
}

TEST(MergedAxes, StridedRowsStayTwoAxes) {
  const Shape shape{2, 3, 5};
  const auto axes = merge_axes(shape, {strides_of(shape, Layout::strided)});
  ASSERT_EQ(axes.size(), 2u);
  EXPECT_EQ(axes[0].extent, 6);
  EXPECT_EQ(axes[0].strides, (List{8}));
  EXPECT_EQ(axes[1].extent, 5);
}

// A bias per channel in channels-last order is innermost; the axes around it merge.
TEST(MergedAxes, BroadcastAxesKeepTheirStride) {
  const Shape shape{2, 3, 4, 5};
  const TensorView bias{nullptr, DType::f32, {3, 1, 1}, {1, 1, 1}};
  const auto axes = merge_axes(shape, {strides_of(shape, Layout::channels_last), broadcast_view(bias, shape).strides});
  ASSERT_EQ(axes.size(), 2u);
  EXPECT_EQ(axes[0].extent, 40);
  EXPECT_EQ(axes[0].strides, (List{3, 0}));
  EXPECT_EQ(axes[1].extent, 3);
  EXPECT_EQ(axes[1].strides, (List{1, 1}));
}

TEST(MergedAxes, OneElementHasNoAxes) { EXPECT_TRUE(merge_axes({1, 1}, {{1, 1}}).empty()); }

}  // namespace
}  // namespace lockstep
