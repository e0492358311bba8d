// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/views.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Variable counting(const Shape& shape, DType dtype = DType::f64, bool requires_gradient = true) {
  Values values(dtype, shape);
  for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, static_cast<double>(i));
  return Variable(std::move(values), requires_gradient);
}

std::vector<double> numbers_of(const Variable& variable) {
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < variable.count(); ++i) numbers.push_back(variable.value()[i]);
  return numbers;
}

class ViewsTest : public ::testing::Test {
 protected:
  /// The gradient of x when the gradient of `y` counts up from 0: each element of it says where it went.
  std::vector<double> gradient_through(const Variable& x, const Variable& y) {
    return numbers_of(autograd_.gradients(y, {x}, counting(y.shape(), y.dtype(), false), {.retain_graph = true})[0]);
  }

  ReferenceExecutor executor_;
  Autograd autograd_{executor_};
};

TEST_F(ViewsTest, ReshapeInfersOneExtent) {
  const Variable x = counting({2, 3});
  EXPECT_EQ(reshape(autograd_, x, {3, -1}).shape(), (Shape{3, 2}));
  EXPECT_THAT(gradient_through(x, reshape(autograd_, x, {-1})), ElementsAre(0, 1, 2, 3, 4, 5));
  try {
    reshape(autograd_, x, {4, -1});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("invalid for input of size 6"));
  }
}

TEST_F(ViewsTest, PermuteMovesAxesAndBack) {
  const Variable x = counting({2, 3, 2});
  const Variable y = permute(autograd_, x, {2, 0, -2});
  EXPECT_EQ(y.shape(), (Shape{2, 2, 3}));
  EXPECT_THAT(numbers_of(y), ElementsAre(0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11));
  EXPECT_THAT(gradient_through(x, y), ElementsAre(0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11));
  EXPECT_THROW(permute(autograd_, x, {0, 0, 1}), Error);
  EXPECT_THROW(permute(autograd_, x, {0, 1}), Error);
}

TEST_F(ViewsTest, NarrowTakesASliceAndItsGradientIsZeroElsewhere) {
  const Variable x = counting({2, 4});
  const Variable y = narrow(autograd_, x, -1, 1, 2);
  EXPECT_THAT(numbers_of(y), ElementsAre(1, 2, 5, 6));
  EXPECT_THAT(gradient_through(x, y), ElementsAre(0, 0, 1, 0, 0, 2, 3, 0));
  EXPECT_THROW(narrow(autograd_, x, 1, 3, 2), Error);
  EXPECT_THROW(narrow(autograd_, x, 2, 0, 1), Error);
}

TEST_F(ViewsTest, ConcatenateSplitsItsGradient) {
  const Variable a = counting({2, 1}), b = counting({2, 2});
  const Variable y = concatenate(autograd_, {a, b}, 1);
  EXPECT_THAT(numbers_of(y), ElementsAre(0, 0, 1, 1, 2, 3));
  EXPECT_THAT(gradient_through(a, y), ElementsAre(0, 3));
  EXPECT_THAT(gradient_through(b, y), ElementsAre(1, 2, 4, 5));
  EXPECT_THROW(concatenate(autograd_, {}, 0), Error);
  EXPECT_THROW(concatenate(autograd_, {a, counting({3, 1})}, 1), Error);
}

TEST_F(ViewsTest, CastRoundsContentsAndGradient) {
  const Variable x = counting({2}, DType::f32);
  Variable y = cast(autograd_, x, DType::bf16);
  EXPECT_EQ(y.dtype(), DType::bf16);
  const auto gradient = autograd_.gradients(y, {x}, counting({2}, DType::bf16, false))[0];
  EXPECT_EQ(gradient.dtype(), DType::f32);
  Values third(DType::f32, {1});
  third.set(0, 1.0 / 3.0);
  EXPECT_EQ(cast(autograd_, Variable(third), DType::bf16).value()[0], 0.333984375);
}

TEST_F(ViewsTest, AdditionPromotesToTheWiderType) {
  const Variable narrow_one = counting({2}, DType::bf16), wide = counting({2}, DType::f32);
  const Variable sum = add(autograd_, narrow_one, wide);
  EXPECT_EQ(sum.dtype(), DType::f32);
  EXPECT_THAT(numbers_of(sum), ElementsAre(0, 2));
  EXPECT_EQ(autograd_.gradients(sum, {narrow_one}, counting({2}, DType::f32, false))[0].dtype(), DType::bf16);
  EXPECT_EQ(add(autograd_, narrow_one, counting({2}, DType::f16)).dtype(), DType::f32);
  EXPECT_THROW(add(autograd_, wide, counting({2}, DType::i64, false)), Error);
}

TEST_F(ViewsTest, IntegersMoveToo) {
  const Variable x = counting({4}, DType::i64, false);
  EXPECT_THAT(numbers_of(narrow(autograd_, x, 0, 2, 2)), ElementsAre(2, 3));
}

TEST_F(ViewsTest, EmptySlices) {
  const Variable x = counting({2, 3});
  EXPECT_EQ(narrow(autograd_, x, 0, 1, 0).shape(), (Shape{0, 3}));
  EXPECT_EQ(concatenate(autograd_, {narrow(autograd_, x, 0, 0, 0), x}, 0).shape(), (Shape{2, 3}));
}

}  // namespace
}  // namespace lockstep
