// SPDX-License-Identifier: Apache-2.0
#include "reference/relu.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/numerics/gates.hpp"
#include "reference/gradient_check.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Values list(std::initializer_list<double> elements) {
  Values values(DType::f32, {static_cast<std::int64_t>(elements.size())});
  std::int64_t i = 0;
  for (const double element : elements) values.set(i++, element);
  return values;
}

TEST(Relu, KeepsPositivesAndNaN) {
  const Problem problem = parse_problem("relu.forward", "x=6,dtype=f32");
  const std::vector<Values> inputs{list({-2, 0, 3, -kInfinity, kInfinity, std::nan("")})};
  const auto y = relu_operator().in_double(problem, operands_of<double>(inputs));
  EXPECT_EQ(y->element(0, 0), 0);
  EXPECT_EQ(y->element(0, 1), 0);
  EXPECT_EQ(y->element(0, 2), 3);
  EXPECT_EQ(y->element(0, 3), 0);
  EXPECT_EQ(y->element(0, 4), kInfinity);
  EXPECT_TRUE(std::isnan(y->element(0, 5)));
}

// PyTorch: relu'(0) = 0, and the gradient passes at a NaN.
TEST(Relu, GradientIsZeroAtZeroAndPassesAtNaN) {
  const Problem problem = parse_problem("relu.backward", "x=5,dtype=f32");
  const std::vector<Values> inputs{list({-1, 0, -0.0, 1, std::nan("")}), list({5, 6, 7, 8, 9})};
  const auto d_x = relu_operator().in_double(problem, operands_of<double>(inputs));
  EXPECT_EQ(d_x->element(0, 0), 0);
  EXPECT_EQ(d_x->element(0, 1), 0);
  EXPECT_EQ(d_x->element(0, 2), 0);
  EXPECT_EQ(d_x->element(0, 3), 8);
  EXPECT_EQ(d_x->element(0, 4), 9);
}

// The dual number at 0 must carry the same convention as the backward.
TEST(Relu, DerivativeOfTheForwardAtZeroIsZero) {
  const Problem problem = parse_problem("relu.forward", "x=2,dtype=f64");
  const Values x = list({0, 2}), tangent = list({1, 1});
  const auto y = relu_operator().in_dual(problem, {Operand<Dual<double>>(x, &tangent)});
  EXPECT_EQ(y->element(0, 0).tangent, 0);
  EXPECT_EQ(y->element(0, 1).tangent, 1);
}

// A copy allows no error at all: one unit in the last place is rejected.
TEST(Relu, DemandsEqualBits) {
  const Problem problem = parse_problem("relu.forward", "x=1,dtype=f32");
  const std::vector<Values> inputs{list({1.5})};
  const PrecisionContract contract;
  const ContractScope scope(contract);
  const Tracked y = relu_operator().tracked(problem, operands_of<Tracked>(inputs))->element(0, 0);
  EXPECT_EQ(allowance(y, DType::f32, contract).limit, 0);
  EXPECT_EQ(judge_element(1.5, y, DType::f32, contract, Demand::within_gates).rejected_by, Gate::none);
  EXPECT_EQ(judge_element(std::nextafter(1.5f, 2.0f), y, DType::f32, contract, Demand::within_gates).rejected_by,
            Gate::bound);
}

TEST(Relu, BackwardIsTheDerivative) {
  for (const char* label : {"x=17x3", "x=2x3x4x5", "x=1"})
    EXPECT_LT(gradient_discrepancy(relu_operator(), parse_problem("relu.backward", label), 3), 1e-12) << label;
}

}  // namespace
}  // namespace lockstep
