// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/far_tensor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::HasSubstr;

TEST(FarTensor, LaysRowsMoreThanTwoBillionElementsApart) {
  for (const Shape& shape : {Shape{2, 3}, Shape{3, 5, 7}, Shape{2, 2, 3, 4}}) {
    FarTensor tensor(DType::f16, shape);
    const TensorView& view = tensor.view();
    EXPECT_EQ(view.shape, shape);
    EXPECT_EQ(view.strides.back(), 1);
    EXPECT_GT(offset_of(element_count(shape) - 1, shape, view.strides), std::int64_t{1} << 31);
    EXPECT_TRUE(view.is_aligned(256)) << to_label(shape);
  }
  EXPECT_TRUE(FarTensor::takes({2, 1}));
  for (const Shape& shape : {Shape{}, Shape{7}, Shape{1, 7}, Shape{0, 7}, Shape{7, 0}})
    EXPECT_FALSE(FarTensor::takes(shape)) << to_label(shape);
}

TEST(FarTensor, HoldsWhatIsWritten) {
  FarTensor tensor(DType::f32, {2, 3});
  Values values(DType::f32, {2, 3});
  for (std::int64_t i = 0; i < 6; ++i) values.set(i, static_cast<double>(i));
  tensor.write(values);
  const std::vector<std::uint8_t> bytes = tensor.bytes();
  ASSERT_EQ(bytes.size(), 24u);
  EXPECT_EQ(reinterpret_cast<const float*>(bytes.data())[5], 5.0f);
  tensor.poison(0xff);
  EXPECT_EQ(tensor.bytes(), std::vector<std::uint8_t>(24, 0xff));
}

TEST(FarTensor, SeesWhatIsWrittenBesideARow) {
  FarTensor tensor(DType::f32, {2, 3});
  tensor.poison(0xff);
  EXPECT_EQ(tensor.damage(), std::nullopt);
  auto* const first = tensor.view().as<float>();
  first[3] = 0;
  EXPECT_THAT(tensor.damage().value_or(""), HasSubstr("behind row 0"));
  tensor.poison(0xff);
  first[tensor.view().strides[0] - 1] = 0;
  EXPECT_THAT(tensor.damage().value_or(""), HasSubstr("ahead of row 1"));
}

}  // namespace
}  // namespace lockstep
