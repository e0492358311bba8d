// SPDX-License-Identifier: Apache-2.0
#include "reference/tanh.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reference/gradient_check.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kUnit = 0x1p-24;

Values one(double x) {
  Values values(DType::f32, {1});
  values.set(0, x);
  return values;
}

std::vector<Values> inputs_of(Direction direction, double x) {
  std::vector<Values> inputs{one(x)};
  if (direction == Direction::backward) inputs.push_back(one(3));
  return inputs;
}

Problem problem_of(Direction direction) {
  return parse_problem("tanh." + std::string(name_of(direction)), "x=1,dtype=f32");
}

double exact(Direction direction, double x) {
  const std::vector<Values> inputs = inputs_of(direction, x);
  return tanh_operator().in_double(problem_of(direction), operands_of<double>(inputs))->element(0, 0);
}

Tracked tracked(Direction direction, double x) {
  const PrecisionContract contract;
  const ContractScope scope(contract);
  const std::vector<Values> inputs = inputs_of(direction, x);
  return tanh_operator().tracked(problem_of(direction), operands_of<Tracked>(inputs))->element(0, 0);
}

// tanh(1) = (e^2 - 1) / (e^2 + 1); the gradient of y at 3.
TEST(Tanh, HasItsValuesAndSlopes) {
  EXPECT_NEAR(exact(Direction::forward, 1), 0.7615941559557649, 1e-16);
  EXPECT_NEAR(exact(Direction::forward, -0.5), -0.46211715726000976, 1e-16);
  EXPECT_EQ(exact(Direction::forward, 0), 0);
  EXPECT_EQ(exact(Direction::backward, 0), 3);
  EXPECT_NEAR(exact(Direction::backward, 1), 3 * 0.41997434161402614, 1e-15);
  EXPECT_EQ(exact(Direction::backward, 1), exact(Direction::backward, -1));
}

TEST(Tanh, InfinitiesSaturateAndNaNStays) {
  EXPECT_EQ(exact(Direction::forward, kInfinity), 1);
  EXPECT_EQ(exact(Direction::forward, -kInfinity), -1);
  EXPECT_EQ(exact(Direction::backward, kInfinity), 0);
  EXPECT_EQ(exact(Direction::backward, -kInfinity), 0);
  EXPECT_TRUE(std::isnan(exact(Direction::forward, std::nan(""))));
  EXPECT_TRUE(std::isnan(exact(Direction::backward, std::nan(""))));
}

// 2 ulp of tanh are 5u; a kernel that loses relative accuracy at zero must not pass.
TEST(Tanh, ForwardIsBoundedRelatively) {
  for (const double x : {1e-20, 1e-4, 0.3, 1.0, -4.0, 30.0})
    EXPECT_NEAR(tracked(Direction::forward, x).bound / (kUnit * std::abs(std::tanh(x))), 5, 1e-3) << x;
}

// |d(1 - y^2)| <= 2 |y| 5u|y|, then the roundings of the square, the difference and the product.
TEST(Tanh, SlopeIsBoundedAbsolutely) {
  for (const double x : {0.01, 0.3, 1.0, -4.0, 8.0, 30.0}) {
    const double square = std::tanh(x) * std::tanh(x);
    const double closed = 3 * kUnit * (10 * square + square + 2 * (1 - square));
    EXPECT_NEAR(tracked(Direction::backward, x).bound / closed, 1, 0.02) << x;
  }
}

TEST(Tanh, BackwardIsTheDerivative) {
  for (const char* label : {"x=17x3", "x=2x3x4x5", "x=scalar"}) {
    const Problem backward = parse_problem("tanh.backward", label);
    EXPECT_LT(gradient_discrepancy(tanh_operator(), backward, 3), 1e-12) << label;
    EXPECT_LT(second_gradient_discrepancy(tanh_operator(), backward, 4), 1e-12) << label;
  }
}

}  // namespace
}  // namespace lockstep
