// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/views.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "harness/autograd/forward_mode_executor.hpp"
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

/// Every view's backward against its forward in forward mode: <g, J v> = <J^T g, v>.
TEST_F(ViewsTest, BackwardsAreTheTransposeOfTheForwards) {
  using Chain = std::function<Variable(Autograd&, const std::vector<Variable>&)>;
  const std::vector<std::pair<const char*, Chain>> views{
      {"reshape",
       [](Autograd& a, const auto& x) {
         return reshape(a, x[0], {3, -1});
       }},
      {"permute",
       [](Autograd& a, const auto& x) {
         return permute(a, x[0], {2, 0, 1});
       }},
      {"narrow", [](Autograd& a, const auto& x) { return narrow(a, x[0], 1, 1, 2); }},
      {"concatenate",
       [](Autograd& a, const auto& x) {
         return concatenate(a, {x[1], x[0], x[0]}, 2);
       }},
      {"add", [](Autograd& a, const auto& x) { return add(a, x[0], add(a, x[1], x[0])); }},
      {"cast", [](Autograd& a, const auto& x) { return cast(a, cast(a, x[0], DType::f32), DType::f64); }},
      {"all", [](Autograd& a, const auto& x) {
         const Variable rows = concatenate(a, {narrow(a, x[0], 0, 1, 1), x[1]}, 0);
         return add(a, permute(a, rows, {0, 2, 1}), reshape(a, permute(a, rows, {2, 1, 0}), {3, 4, 3}));
       }}};
  const Shape shape{2, 3, 4};
  const auto wave = [](const Shape& of, double step) {
    Values values(DType::f64, of);
    for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, std::sin(step * static_cast<double>(i + 1)));
    return values;
  };
  for (const auto& [name, view] : views) {
    const std::vector<Variable> x{Variable(wave(shape, 0.3), true), Variable(wave(shape, 0.7), true)};
    const std::vector<Values> directions{wave(shape, 1.1), wave(shape, 1.9)};
    ForwardModeExecutor dual;
    for (std::size_t i = 0; i < x.size(); ++i) dual.set_tangent(x[i].value(), directions[i]);
    Autograd forward_mode(dual);
    const Variable y = view(forward_mode, x);
    const Values gradient = wave(y.shape(), 2.3);
    ASSERT_TRUE(dual.tangent_of(y.value())) << name;
    double forward = 0, backward = 0;
    for (std::int64_t i = 0; i < gradient.count(); ++i) forward += gradient[i] * (*dual.tangent_of(y.value()))[i];
    const std::vector<Variable> gradients = forward_mode.gradients(y, x, Variable(gradient));
    for (std::size_t k = 0; k < x.size(); ++k)
      for (std::int64_t i = 0; gradients[k] && i < gradients[k].count(); ++i)
        backward += gradients[k].value()[i] * directions[k][i];
    EXPECT_NE(forward, 0.0) << name;
    EXPECT_NEAR(forward, backward, name == std::string("cast") ? 1e-6 : 1e-13) << name;
  }
}

}  // namespace
}  // namespace lockstep
