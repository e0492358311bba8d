// SPDX-License-Identifier: Apache-2.0
#include "reference/add.hpp"

#include <gtest/gtest.h>

#include "harness/data/error.hpp"
#include "harness/numerics/gates.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

Values list(std::initializer_list<double> elements, Shape shape) {
  Values values(DType::f64, std::move(shape));
  std::int64_t i = 0;
  for (const double element : elements) values.set(i++, element);
  return values;
}

TEST(Add, BroadcastsAlongRowsAndColumns) {
  const Problem problem = parse_problem("add.forward", "a=2x3,b=2x1,alpha=2,dtype=f64");
  const std::vector<Values> inputs{list({1, 2, 3, 4, 5, 6}, {2, 3}), list({10, 20}, {2, 1})};
  const auto y = add_operator().in_double(problem, operands_of<double>(inputs));
  const double wanted[] = {21, 22, 23, 44, 45, 46};
  for (std::int64_t i = 0; i < 6; ++i) EXPECT_EQ(y->element(0, i), wanted[i]);
}

TEST(Add, BothOperandsStretch) {
  const Add op(parse_problem("add.forward", "a=4x1x3,b=5x1"));
  EXPECT_EQ(op.y, (Shape{4, 5, 3}));
  EXPECT_EQ(op.copies(op.a), 5);
  EXPECT_EQ(op.copies(op.b), 12);
  EXPECT_EQ(Add(parse_problem("add.forward", "a=0x3,b=1x1")).y, (Shape{0, 3}));
  EXPECT_EQ(Add(parse_problem("add.forward", "a=scalar,b=2x2")).y, (Shape{2, 2}));
}

TEST(Add, GradientsAreSumsOverTheStretchedAxes) {
  const Problem problem = parse_problem("add.backward", "a=3,b=2x1,alpha=_0.5,dtype=f64");
  const std::vector<Values> inputs{list({1, 2, 3, 4, 5, 6}, {2, 3})};
  const auto gradient = add_operator().in_double(problem, operands_of<double>(inputs));
  EXPECT_EQ(gradient->element(0, 0), 1 + 4);
  EXPECT_EQ(gradient->element(0, 2), 3 + 6);
  EXPECT_EQ(gradient->element(1, 0), -0.5 * (1 + 2 + 3));
  EXPECT_EQ(gradient->element(1, 1), -0.5 * (4 + 5 + 6));
}

// An operand broadcast to nothing still has a gradient: the sum of no terms.
TEST(Add, GradientOfAnEmptyBroadcastIsZero) {
  const Problem problem = parse_problem("add.backward", "a=0x3,b=3,dtype=f64");
  const std::vector<Values> inputs{Values(DType::f64, {0, 3})};
  EXPECT_EQ(add_operator().in_double(problem, operands_of<double>(inputs))->element(1, 2), 0);
}

TEST(Add, CopiedGradientDemandsEqualBits) {
  const PrecisionContract contract;
  const ContractScope scope(contract);
  const Problem problem = parse_problem("add.backward", "a=1x2,b=2,dtype=f32");
  const std::vector<Values> inputs{list({0.3, 0.7}, {1, 2})};
  const auto gradient = add_operator().tracked(problem, operands_of<Tracked>(inputs));
  for (const std::size_t output : {0, 1}) EXPECT_EQ(gradient->element(output, 1).bound, 0);
}

// One rounding of the sum; another of the product where alpha is no power of two, and of alpha where float cannot hold
// it.
TEST(Add, BoundCountsTheRoundings) {
  const PrecisionContract contract;
  const ContractScope scope(contract);
  const std::vector<Values> inputs{list({3}, {1}), list({4}, {1})};
  const auto bound = [&](const char* label) {
    return add_operator()
               .tracked(parse_problem("add.forward", label), operands_of<Tracked>(inputs))
               ->element(0, 0)
               .bound /
           0x1p-24;
  };
  EXPECT_NEAR(bound("a=1,b=1,dtype=f32"), 7, 1e-4);
  EXPECT_NEAR(bound("a=1,b=1,alpha=_0.5,dtype=f32"), 1, 1e-4);
  EXPECT_NEAR(bound("a=1,b=1,alpha=3,dtype=f32"), 15 + 12, 1e-4);
  EXPECT_NEAR(bound("a=1,b=1,alpha=0.1,dtype=f32"), 3.4 + 2 * 0.4, 1e-4);
}

TEST(Add, BackwardIsTheDerivative) {
  for (const char* label : {"a=3x4,b=3x4", "a=3x4,b=4,alpha=2", "a=3x1x5,b=4x1,alpha=_0.3", "a=scalar,b=2x2",
                            "a=2x3x4x5,b=3x1x1", "a=5x1,b=1x5"})
    EXPECT_LT(gradient_discrepancy(add_operator(), parse_problem("add.backward", label), 3), 1e-12) << label;
}

TEST(Add, RefusesAsPyTorchDoes) {
  const auto refusal = [](const char* label) { return refusal_of<Add>(parse_problem("add.forward", label)); };
  EXPECT_EQ(refusal("a=3x4,b=3"),
            "The size of tensor a (4) must match the size of tensor b (3) at non-singleton dimension 1");
  EXPECT_EQ(refusal("a=2x4x3,b=5x3"),
            "The size of tensor a (4) must match the size of tensor b (5) at non-singleton dimension 1");
  EXPECT_EQ(refusal("a=0x3,b=2x3"),
            "The size of tensor a (0) must match the size of tensor b (2) at non-singleton dimension 0");
  EXPECT_EQ(refusal("a=3x1,b=1x4"), "accepted");
}

}  // namespace
}  // namespace lockstep
