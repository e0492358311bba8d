// SPDX-License-Identifier: Apache-2.0
#include "reference/matmul.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/data/error.hpp"
#include "harness/plan/case_inputs.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

using ::testing::ElementsAre;

std::vector<double> all(const char* operation, const char* label, const std::vector<Values>& inputs,
                        std::size_t output = 0) {
  return elements(matmul_operator(), operation, label, inputs, output);
}

TEST(Matmul, MultipliesRowsByColumns) {
  const std::vector<Values> inputs{tensor({2, 2}, {1, 2, 3, 4}), tensor({2, 3}, {1, 0, 2, 0, 1, 3})};
  EXPECT_THAT(all("matmul.forward", "a=2x2,b=2x3", inputs), ElementsAre(1, 2, 8, 3, 4, 18));
}

TEST(Matmul, BackwardOfTheSameProduct) {
  const std::vector<Values> inputs{tensor({2, 2}, {1, 2, 3, 4}), tensor({2, 3}, {1, 0, 2, 0, 1, 3}),
                                   tensor({2, 3}, {1, 0, 0, 0, 2, 1})};
  EXPECT_THAT(all("matmul.backward", "a=2x2,b=2x3", inputs, 0), ElementsAre(1, 0, 2, 5));
  EXPECT_THAT(all("matmul.backward", "a=2x2,b=2x3", inputs, 1), ElementsAre(1, 6, 3, 2, 8, 4));
}

TEST(Matmul, DropsTheAxisOfAVector) {
  const auto shape = [](const char* label) { return Matmul(parse_problem("matmul.forward", label)).y; };
  EXPECT_EQ(shape("a=4,b=4"), Shape{});
  EXPECT_EQ(shape("a=3x4,b=4"), Shape{3});
  EXPECT_EQ(shape("a=4,b=4x5"), Shape{5});
  EXPECT_EQ(shape("a=4,b=2x4x5"), (Shape{2, 5}));
  EXPECT_EQ(shape("a=2x3x4,b=4"), (Shape{2, 3}));
  EXPECT_EQ(shape("a=2x1x3x4,b=5x4x2"), (Shape{2, 5, 3, 2}));
  EXPECT_EQ(shape("a=1x3x4,b=0x4x5"), (Shape{0, 3, 5}));
}

// Batches 0 and 1 of a meet the one matrix of b: its gradient is the sum of both.
TEST(Matmul, BroadcastsBatchesAndSumsTheGradients) {
  const std::vector<Values> inputs{tensor({2, 1, 2}, {1, 2, 3, 4}), tensor({2, 1}, {10, 100}),
                                   tensor({2, 1, 1}, {1, 5})};
  EXPECT_THAT(all("matmul.forward", "a=2x1x2,b=2x1", inputs), ElementsAre(210, 430));
  EXPECT_THAT(all("matmul.backward", "a=2x1x2,b=2x1", inputs, 0), ElementsAre(10, 100, 50, 500));
  EXPECT_THAT(all("matmul.backward", "a=2x1x2,b=2x1", inputs, 1), ElementsAre(16, 22));
}

TEST(Matmul, EmptySumsAreZeros) {
  EXPECT_THAT(all("matmul.forward", "a=2x0,b=0x1", {tensor({2, 0}, {}), tensor({0, 1}, {})}), ElementsAre(0, 0));
  EXPECT_THAT(
      all("matmul.backward", "a=0x2,b=2x1", {tensor({0, 2}, {}), tensor({2, 1}, {1, 1}), tensor({0, 1}, {})}, 1),
      ElementsAre(0, 0));
}

TEST(Matmul, GradientsAreDerivatives) {
  for (const char* label : {"a=4x5,b=5x3", "a=5,b=5", "a=4x5,b=5", "a=5,b=5x3", "a=2x3x4x5,b=5x2", "a=3x4,b=2x4x5",
                            "a=2x1x3x4,b=5x4x2", "a=5,b=2x5x3", "a=3x1x4,b=3x4x1"}) {
    const Problem problem = parse_problem("matmul.backward", label);
    EXPECT_LT(gradient_discrepancy(matmul_operator(), problem, 1), 1e-12) << label;
    EXPECT_LT(second_gradient_discrepancy(matmul_operator(), problem, 2), 1e-12) << label;
  }
}

// However batches share a matrix, the bound is that of one sum over all its terms: 2 batches of 3 rows here.
TEST(Matmul, BoundOfABroadcastGradientIsThatOfOneSum) {
  const Problem problem = parse_problem("matmul.backward", "a=2x3x1,b=1x1");
  std::vector<Values> inputs;
  for (const Shape& shape : {Shape{2, 3, 1}, Shape{1, 1}, Shape{2, 3, 1}}) {
    inputs.emplace_back(DType::f32, shape);
    for (std::int64_t i = 0; i < inputs.back().count(); ++i) inputs.back().set(i, 1);
  }
  const Tracked d_b = matmul_operator().tracked(problem, operands_of<Tracked>(inputs))->element(1, 0);
  EXPECT_EQ(d_b.value, 6);
  EXPECT_NEAR(d_b.bound, 6 * 6 * 0x1p-24, 1e-9);
}

TEST(Matmul, RefusesAsPyTorchDoes) {
  const auto refusal = [](const char* label) { return refusal_of<Matmul>(parse_problem("matmul.forward", label)); };
  EXPECT_EQ(refusal("a=scalar,b=4"), "both arguments to matmul need to be at least 1D, but they are 0D and 1D");
  EXPECT_EQ(refusal("a=4,b=5"),
            "inconsistent tensor size, expected tensor [4] and src [5] to have the same number of elements, but got 4 "
            "and 5 elements respectively");
  EXPECT_EQ(refusal("a=3x4,b=5"), "size mismatch, got 3, 3x4,5");
  EXPECT_EQ(refusal("a=2x3x4,b=5"), "size mismatch, got 6, 6x4,5");
  EXPECT_EQ(refusal("a=4,b=2x5x3"), "size mismatch, got 6, 6x5,4");
  EXPECT_EQ(refusal("a=4,b=5x3"), "mat1 and mat2 shapes cannot be multiplied (1x4 and 5x3)");
  EXPECT_EQ(refusal("a=3x4,b=5x3"), "mat1 and mat2 shapes cannot be multiplied (3x4 and 5x3)");
  EXPECT_EQ(refusal("a=2x3x4,b=5x6"), "mat1 and mat2 shapes cannot be multiplied (6x4 and 5x6)");
  EXPECT_EQ(refusal("a=3x4,b=2x5x6"), "mat1 and mat2 shapes cannot be multiplied (12x5 and 4x3)");
  EXPECT_EQ(refusal("a=2x3x4,b=2x5x6"),
            "Expected size for first two dimensions of batch2 tensor to be: [2, 4] but got: [2, 5].");
  EXPECT_EQ(refusal("a=2x3x4,b=3x4x5"),
            "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0");
}

TEST(Matmul, FaultsChangeTheAnswer) {
  for (const char* operation : {"matmul.forward", "matmul.backward"}) {
    const Problem problem = parse_problem(operation, "a=3x2x9,b=3x9x9");
    const std::vector<Values> inputs = draw_inputs(matmul_operator(), problem, matmul_operator().signature(problem), 3);
    const auto right = matmul_operator().in_double(problem, operands_of<double>(inputs));
    for (const Fault& fault : matmul_operator().faults(problem))
      if (const auto wrong = fault.wrong(problem, inputs)) {
        bool differs = false;
        for (std::size_t output = 0; output < matmul_operator().signature(problem).outputs.size(); ++output)
          differs = differs || wrong->element(output, 1) != right->element(output, 1);
        EXPECT_TRUE(differs) << fault.id;
      } else {
        EXPECT_EQ(fault.id, "broadcast_not_reduced");
      }
  }
}

}  // namespace
}  // namespace lockstep
