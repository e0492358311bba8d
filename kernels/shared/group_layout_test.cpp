// SPDX-License-Identifier: Apache-2.0
#include "kernels/shared/group_layout.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "reference/softmax.hpp"

namespace lockstep {
namespace {

GroupLayout layout_of(const char* label, Layout layout) {
  const Problem problem = parse_problem("softmax.forward", label);
  const Softmax op(problem);
  return {op.dim, {nullptr, DType::f32, op.shape, strides_of(op.shape, layout)}};
}

TEST(GroupLayout, TellsRowsFromGroupsThatLieApart) {
  EXPECT_TRUE(layout_of("x=6x5,dim=1", Layout::contiguous).is_rows());
  EXPECT_TRUE(layout_of("x=2x3x5,dim=2", Layout::strided).is_rows());
  EXPECT_TRUE(layout_of("x=2x3x4x5,dim=1", Layout::channels_last).is_rows());
  EXPECT_EQ(layout_of("x=2x3x4x5,dim=1", Layout::channels_last).row_pitch(), 3);
  EXPECT_TRUE(layout_of("x=7,dim=0", Layout::contiguous).is_rows());
  EXPECT_TRUE(layout_of("x=scalar,dim=0", Layout::contiguous).is_rows());
  EXPECT_FALSE(layout_of("x=6x5,dim=0", Layout::contiguous).is_rows());
  EXPECT_FALSE(layout_of("x=2x3x4x5,dim=3", Layout::channels_last).is_rows());
}

// Whatever the layout, groups and their elements together are the tensor's elements, each once.
TEST(GroupLayout, ReachesEveryElementOnce) {
  for (const char* shape : {"x=2x3x4x5", "x=3x1x2x4", "x=2x2x3x2x2"})
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::strided})
      for (const char* dim : {"0", "1", "2", "3"}) {
        const std::string label = std::string(shape) + ",dim=" + dim;
        const GroupLayout groups = layout_of(label.c_str(), layout);
        const Shape extents = parse_problem("softmax.forward", label).shape("x");
        std::set<std::int64_t> expected, reached;
        for (std::int64_t i = 0; i < element_count(extents); ++i)
          expected.insert(offset_of(i, extents, strides_of(extents, layout)));
        for (std::int64_t group = 0; group < groups.groups; ++group)
          for (std::int64_t k = 0; k < groups.length; ++k) {
            std::int64_t rest = group, offset = k * groups.element_stride;
            for (int axis = 0; axis < groups.axes; ++axis) {
              offset += rest % groups.extents[axis] * groups.strides[axis];
              rest /= groups.extents[axis];
            }
            EXPECT_TRUE(reached.insert(offset).second) << label;
          }
        EXPECT_EQ(reached, expected) << label << ' ' << name_of(layout);
      }
}

}  // namespace
}  // namespace lockstep
