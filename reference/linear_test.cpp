// SPDX-License-Identifier: Apache-2.0
#include "reference/linear.hpp"

#include <gtest/gtest.h>

#include "harness/data/error.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

// [[1, 2], [3, 4]] times the rows (1, 0), (1, 1), (0, 2), plus (10, 20, 30).
TEST(Linear, MultipliesByTheRowsOfTheWeight) {
  const Problem problem = parse_problem("linear.forward", "x=2x2,weight=3x2,dtype=f64");
  const std::vector<Values> inputs{tensor({2, 2}, {1, 2, 3, 4}), tensor({3, 2}, {1, 0, 1, 1, 0, 2}),
                                   tensor({3}, {10, 20, 30})};
  const auto y = linear_operator().in_double(problem, operands_of<double>(inputs));
  EXPECT_EQ(elements(*y, 0, 6), (std::vector<double>{11, 23, 34, 13, 27, 38}));
}

TEST(Linear, BackwardOfTheSameLayer) {
  const Problem problem = parse_problem("linear.backward", "x=2x2,weight=3x2,dtype=f64");
  const std::vector<Values> inputs{tensor({2, 2}, {1, 2, 3, 4}), tensor({3, 2}, {1, 0, 1, 1, 0, 2}),
                                   tensor({2, 3}, {1, 2, 3, 0, 0, 1})};
  const auto gradients = linear_operator().in_double(problem, operands_of<double>(inputs));
  EXPECT_EQ(elements(*gradients, 0, 4), (std::vector<double>{3, 8, 0, 2}));
  EXPECT_EQ(elements(*gradients, 1, 6), (std::vector<double>{1, 2, 2, 4, 6, 10}));
  EXPECT_EQ(elements(*gradients, 2, 3), (std::vector<double>{1, 2, 4}));
}

TEST(Linear, TakesOneAxisAndNoFeatures) {
  const Linear vector(parse_problem("linear.forward", "x=5,weight=3x5"));
  EXPECT_EQ(vector.y_shape, Shape{3});
  EXPECT_EQ(vector.rows, 1);
  const Linear row_weight(parse_problem("linear.forward", "x=2x4x5,weight=5,bias=false"));
  EXPECT_EQ(row_weight.y_shape, (Shape{2, 4}));
  // Without features the sum is empty and y is the bias.
  const Problem problem = parse_problem("linear.forward", "x=1x0,weight=2x0,dtype=f64");
  const std::vector<Values> inputs{tensor({1, 0}, {}), tensor({2, 0}, {}), tensor({2}, {5, 7})};
  EXPECT_EQ(elements(*linear_operator().in_double(problem, operands_of<double>(inputs)), 0, 2),
            (std::vector<double>{5, 7}));
}

TEST(Linear, WeightMayComeFromTheParameters) {
  const Linear op(parse_problem("linear.forward", "x=2x5,in_features=5,out_features=3"));
  EXPECT_EQ(op.weight_shape, (Shape{3, 5}));
}

TEST(Linear, GradientsAreDerivatives) {
  for (const char* label :
       {"x=4x5,weight=3x5", "x=2x3x7,weight=6x7,bias=false", "x=5,weight=3x5", "x=3x9,weight=9,bias=false"})
    for (const std::uint64_t seed : {1, 2}) {
      const Problem problem = parse_problem("linear.backward", label);
      EXPECT_LT(gradient_discrepancy(linear_operator(), problem, seed), 1e-12) << label;
      EXPECT_LT(second_gradient_discrepancy(linear_operator(), problem, seed), 1e-12) << label;
    }
}

// The tracked bound is the closed form gamma_K |x||w| + u|y| with u = 2^-24.
TEST(Linear, BoundIsThatOfADotProduct) {
  const Problem problem = parse_problem("linear.forward", "x=1x3,weight=1x3");
  const std::vector<Values> inputs{tensor({1, 3}, {1, 2, 3}).rounded_to(DType::f32),
                                   tensor({1, 3}, {1, -1, 1}).rounded_to(DType::f32),
                                   tensor({1}, {4}).rounded_to(DType::f32)};
  const Tracked y = linear_operator().tracked(problem, operands_of<Tracked>(inputs))->element(0, 0);
  EXPECT_EQ(y.value, 6);
  EXPECT_NEAR(y.bound, (3 * 6 + 6) * 0x1p-24, 1e-12);
}

std::string refusal(const char* label, const Shape* bias = nullptr) {
  Problem problem = parse_problem("linear.forward", label);
  if (bias) problem.set_shape("bias", *bias);
  return refusal_of<Linear>(problem);
}

TEST(Linear, RefusesAsPyTorchDoes) {
  EXPECT_EQ(refusal("x=2x5,weight=3x4"), "mat1 and mat2 shapes cannot be multiplied (2x5 and 4x3)");
  EXPECT_EQ(refusal("x=5,weight=3x4"), "mat1 and mat2 shapes cannot be multiplied (1x5 and 4x3)");
  EXPECT_EQ(refusal("x=2x3x7x5,weight=3x4"), "mat1 and mat2 shapes cannot be multiplied (42x5 and 4x3)");
  EXPECT_EQ(refusal("x=scalar,weight=3x4"), "both arguments to matmul need to be at least 1D, but they are 0D and 2D");
  EXPECT_EQ(refusal("x=2x5,weight=2x3x5"), "t() expects a tensor with <= 2 dimensions, but self is 3D");
  EXPECT_EQ(refusal("x=2x5,weight=5"), "mat2 must be a matrix, got 1-D tensor");
  EXPECT_EQ(refusal("x=2x3x5,weight=4,bias=false"), "size mismatch, got 6, 6x5,4");
  EXPECT_EQ(refusal("x=2x5,weight=3x5"), "accepted");
}

TEST(Linear, RefusesABiasOfAnotherLength) {
  const Shape four{4}, three{3};
  EXPECT_EQ(
      refusal("x=2x5,weight=3x5", &four),
      "The expanded size of the tensor (3) must match the existing size (4) at non-singleton dimension 1.  Target "
      "sizes: [2, 3].  Tensor sizes: [4]");
  EXPECT_EQ(refusal("x=5,weight=3x5", &four),
            "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0");
  EXPECT_EQ(refusal("x=2x5,weight=3x5", &three), "accepted");
}

TEST(Linear, RefusesFeaturesThatTheWeightDoesNotHave) {
  EXPECT_EQ(refusal("x=2x5,weight=3x5,in_features=5,out_features=4"),
            "linear: weight of shape [3, 5]; accepted: [out_features, in_features] = [4, 5]");
}

// The sums of integers that Fill::exact draws stay exact only up to a length.
TEST(Linear, DemandsEqualBitsOnlyWhereSumsAreExact) {
  const auto exact = [](const char* label) {
    return linear_operator().signature(parse_problem("linear.forward", label)).outputs[0].exact;
  };
  EXPECT_TRUE(exact("x=1x4096,weight=1x4096"));
  EXPECT_FALSE(exact("x=1x262144,weight=1x262144"));
}

TEST(Linear, FaultsChangeTheAnswer) {
  const Problem problem = parse_problem("linear.backward", "x=2x2,weight=2x2");
  const std::vector<Values> inputs{tensor({2, 2}, {1, 2, 3, 4}), tensor({2, 2}, {1, 0, 1, 1}),
                                   tensor({2, 2}, {1, 2, 3, 5})};
  for (const Fault& fault : linear_operator().faults(problem)) {
    const auto right = linear_operator().in_double(problem, operands_of<double>(inputs));
    const auto wrong = fault.wrong(problem, inputs);
    ASSERT_TRUE(wrong) << fault.id;
    bool differs = false;
    const std::vector<std::int64_t> counts{4, 4, 2};
    for (std::size_t output = 0; output < 3; ++output)
      differs = differs || elements(*right, output, counts[output]) != elements(*wrong, output, counts[output]);
    EXPECT_EQ(differs, fault.id != "tf32_operands") << fault.id;  // small integers are tf32 numbers
  }
}

}  // namespace
}  // namespace lockstep
