// SPDX-License-Identifier: Apache-2.0
#include "reference/mean.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/data/error.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

/// The output (of either direction) for the input 1, 2, 3, ...
std::vector<double> result(const char* operation, const char* label) {
  const Problem problem = parse_problem(operation, label);
  const Signature signature = mean_operator().signature(problem);
  std::vector<Values> inputs{Values(DType::f64, signature.inputs[0].shape)};
  for (std::int64_t i = 0; i < inputs[0].count(); ++i) inputs[0].set(i, static_cast<double>(i + 1));
  const auto evaluator = mean_operator().in_double(problem, operands_of<double>(inputs));
  std::vector<double> all;
  for (std::int64_t i = 0; i < element_count(signature.outputs[0].shape); ++i) all.push_back(evaluator->element(0, i));
  return all;
}

Shape result_shape(const char* label) { return Mean(parse_problem("mean.forward", label)).result_shape; }

TEST(Mean, OverEveryChoiceOfAxes) {
  using testing::ElementsAre;
  const char* const operation = "mean.forward";
  EXPECT_THAT(result(operation, "x=2x3,dim=none,dtype=f64"), ElementsAre(3.5));
  EXPECT_THAT(result(operation, "x=2x3,dim=0,dtype=f64"), ElementsAre(2.5, 3.5, 4.5));
  EXPECT_THAT(result(operation, "x=2x3,dim=1,dtype=f64"), ElementsAre(2, 5));
  EXPECT_THAT(result(operation, "x=2x3,dim=_1,dtype=f64"), ElementsAre(2, 5));
  EXPECT_THAT(result(operation, "x=2x3,dim=empty,dtype=f64"), ElementsAre(3.5));
  EXPECT_THAT(result(operation, "x=2x3,dtype=f64"), ElementsAre(3.5));
  EXPECT_THAT(result(operation, "x=2x2x2,dim=0x2,dtype=f64"), ElementsAre(3.5, 5.5));
  EXPECT_THAT(result(operation, "x=2x2x2,dim=1,dtype=f64"), ElementsAre(2, 3, 6, 7));
  EXPECT_THAT(result(operation, "x=scalar,dim=_1,dtype=f64"), ElementsAre(1));
}

TEST(Mean, BackwardSpreadsTheGradientEvenly) {
  using testing::ElementsAre;
  EXPECT_THAT(result("mean.backward", "x=2x2,dim=1,dtype=f64"), ElementsAre(0.5, 0.5, 1, 1));
  EXPECT_THAT(result("mean.backward", "x=2x2,dim=0,keepdim=true,dtype=f64"), ElementsAre(0.5, 1, 0.5, 1));
  EXPECT_THAT(result("mean.backward", "x=2x2,dtype=f64"), ElementsAre(0.25, 0.25, 0.25, 0.25));
}

TEST(Mean, BackwardIsTheDerivative) {
  for (const char* label : {"x=3x4,dim=0", "x=3x4,dim=none", "x=2x3x4x5,dim=1x3,keepdim=true", "x=2x3x4x5,dim=0x2",
                            "x=scalar", "x=7x1,dim=_1"})
    EXPECT_LT(gradient_discrepancy(mean_operator(), parse_problem("mean.backward", label), 3), 1e-12) << label;
}

TEST(Mean, ShapeOfTheResult) {
  EXPECT_EQ(result_shape("x=2x3x4,dim=1"), (Shape{2, 4}));
  EXPECT_EQ(result_shape("x=2x3x4,dim=1,keepdim=true"), (Shape{2, 1, 4}));
  EXPECT_EQ(result_shape("x=2x3x4,dim=none"), Shape{});
  EXPECT_EQ(result_shape("x=2x3x4,dim=empty,keepdim=true"), (Shape{1, 1, 1}));
  EXPECT_EQ(result_shape("x=scalar,dim=0,keepdim=true"), Shape{});
}

TEST(Mean, OfNothingIsNaN) {
  EXPECT_TRUE(std::isnan(result("mean.forward", "x=0,dtype=f64").at(0)));
  const std::vector<double> rows = result("mean.forward", "x=2x0,dim=1,dtype=f64");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(std::isnan(rows[0]) && std::isnan(rows[1]));
  EXPECT_TRUE(result("mean.forward", "x=2x0,dim=0,dtype=f64").empty());
  EXPECT_TRUE(result("mean.backward", "x=2x0,dim=1,dtype=f64").empty());
}

// Only powers of two divide every small integer without rounding.
TEST(Mean, ExactWhereNothingRounds) {
  const auto is_exact = [](const char* label) {
    return mean_operator().signature(parse_problem("mean.forward", label)).outputs[0].exact;
  };
  EXPECT_TRUE(is_exact("x=4x8,dim=1"));
  EXPECT_TRUE(is_exact("x=4x8,dim=none"));
  EXPECT_FALSE(is_exact("x=4x7,dim=1"));
  EXPECT_FALSE(is_exact("x=2097152"));
  EXPECT_FALSE(is_exact("x=0"));
}

TEST(Mean, RefusesAsPyTorchDoes) {
  const auto refusal = [](const char* label) { return refusal_of<Mean>(parse_problem("mean.forward", label)); };
  EXPECT_EQ(refusal("x=2x3,dim=0x0"), "dim 0 appears multiple times in the list of dims");
  EXPECT_EQ(refusal("x=2x3,dim=1x_1"), "dim 1 appears multiple times in the list of dims");
  EXPECT_EQ(refusal("x=scalar,dim=0x_1"), "dim 0 appears multiple times in the list of dims");
  EXPECT_EQ(refusal("x=2x3,dim=2"), "Dimension out of range (expected to be in range of [-2, 1], but got 2)");
  EXPECT_EQ(refusal("x=2x3,dim=_3"), "Dimension out of range (expected to be in range of [-2, 1], but got -3)");
  EXPECT_EQ(refusal("x=2x3,dim=0x0x5"), "Dimension out of range (expected to be in range of [-2, 1], but got 5)");
  EXPECT_EQ(refusal("x=scalar,dim=1"), "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
  EXPECT_EQ(refusal("x=2x3,dim=_2x1"), "accepted");
}

}  // namespace
}  // namespace lockstep
