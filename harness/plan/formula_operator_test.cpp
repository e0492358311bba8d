// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/formula_operator.hpp"

#include <gtest/gtest.h>

#include "harness/plan/case_inputs.hpp"
#include "harness/plan/testing/scaled_sum.hpp"

namespace lockstep {
namespace {

const testing::ScaledSumOperator kOperator;

Values values_of(const Shape& shape, const std::vector<double>& contents) {
  Values values(DType::f32, shape);
  for (std::size_t i = 0; i < contents.size(); ++i) values.set(static_cast<std::int64_t>(i), contents[i]);
  return values;
}

TEST(FormulaOperator, EveryScalarComputesTheSameFormula) {
  const Problem problem = testing::scaled_sum_problem({2, 3});
  const std::vector<Values> inputs{values_of({2, 3}, {1, 2, 3, -1, 0.5, 4})};
  const double y[] = {12, 7}, z[] = {12, 24, 36, -7, 3.5, 28};
  const auto expect_all = [&](const auto& evaluator) {
    for (std::int64_t i = 0; i < 2; ++i) EXPECT_EQ(value_of(evaluator->element(0, i)), y[i]);
    for (std::int64_t i = 0; i < 6; ++i) EXPECT_EQ(value_of(evaluator->element(1, i)), z[i]);
  };
  expect_all(kOperator.in_double(problem, operands_of<double>(inputs)));
  expect_all(kOperator.in_float(problem, operands_of<float>(inputs)));
  expect_all(kOperator.tracked(problem, operands_of<Tracked>(inputs)));
  expect_all(kOperator.in_dual(problem, operands_of<Dual<double>>(inputs)));
  expect_all(kOperator.in_second_dual(problem, operands_of<Dual<Dual<double>>>(inputs)));
  expect_all(kOperator.in_bfloat16(problem, operands_of<LowPrecision<DType::bf16>>(inputs)));
}

TEST(FormulaOperator, WithoutABackwardThereIsOneDirection) {
  class ForwardOnly final : public FormulaOperator<testing::ScaledSumForward> {
   public:
    std::string_view name() const override { return "scaled_sum"; }
    Signature signature(const Problem& problem) const override { return kOperator.signature(problem); }
    Cost cost(const Problem& problem) const override { return kOperator.cost(problem); }
    std::vector<Fault> faults(const Problem&) const override { return {}; }
  };
  const ForwardOnly forward_only;
  EXPECT_TRUE(kOperator.has_backward());
  EXPECT_FALSE(forward_only.has_backward());
  const std::vector<Values> inputs{values_of({2, 3}, {1, 2, 3, -1, 0.5, 4})};
  const Problem forward = testing::scaled_sum_problem({2, 3});
  EXPECT_EQ(forward_only.in_double(forward, operands_of<double>(inputs))->element(0, 0), 12);
  EXPECT_THROW(forward_only.in_double(testing::scaled_sum_problem({2, 3}, Direction::backward), {}), Error);
  const std::vector<Implementation> implementations = reference_implementations(forward_only);
  ASSERT_EQ(implementations.size(), 1u);
  EXPECT_EQ(implementations[0].direction, Direction::forward);
}

TEST(FormulaOperator, TrackedCarriesABound) {
  const std::vector<Values> inputs{values_of({2, 3}, {1, 2, 3, -1, 0.5, 4})};
  const auto evaluator = kOperator.tracked(testing::scaled_sum_problem({2, 3}), operands_of<Tracked>(inputs));
  EXPECT_GT(evaluator->element(0, 0).bound, 0.0);
  EXPECT_GT(evaluator->element(1, 5).bound, evaluator->element(0, 1).bound);
}

TEST(FormulaOperator, TheDirectionChoosesTheFormula) {
  // The derivative of sum y g_y + sum z g_z along x[k], by dual numbers through the forward, is the backward's d_x[k].
  const Problem backward = testing::scaled_sum_problem({2, 3}, Direction::backward);
  const Problem forward = testing::scaled_sum_problem({2, 3});
  const std::vector<Values> inputs = draw_inputs(kOperator, backward, kOperator.signature(backward), 3);
  const Values &x = inputs[0], &g_y = inputs[2], &g_z = inputs[3];
  const auto gradient = kOperator.in_double(backward, operands_of<double>(inputs));
  for (std::int64_t k = 0; k < 6; ++k) {
    Values tangent(DType::f32, {2, 3});
    tangent.set(k, 1.0);
    const auto along = kOperator.in_dual(forward, {Operand<Dual<double>>(x, &tangent)});
    double expected = 0;
    for (std::int64_t i = 0; i < 2; ++i) expected += along->element(0, i).tangent * g_y[i];
    for (std::int64_t i = 0; i < 6; ++i) expected += along->element(1, i).tangent * g_z[i];
    EXPECT_NEAR(gradient->element(0, k), expected, 1e-5) << k;  // the saved y is rounded to float
  }
}

TEST(FormulaOperator, EvaluateAsTakesTheChangedProblem) {
  Problem changed = testing::scaled_sum_problem({2, 3});
  changed.parameters.set_real("scale", 10);
  const std::vector<Values> inputs{values_of({2, 3}, {1, 2, 3, -1, 0.5, 4})};
  const auto wrong = evaluate_as<testing::ScaledSumForward, testing::ScaledSumBackward>(changed, inputs);
  EXPECT_EQ(wrong->element(0, 0), 60);
  EXPECT_EQ(wrong->element(0, 1), 35);
}

TEST(FormulaOperator, WrongAnswersAreFunctionsOfThePlace) {
  const WrongAnswer wrong(
      [](std::size_t output, std::int64_t i) { return 100.0 * static_cast<double>(output) + static_cast<double>(i); });
  EXPECT_EQ(wrong.element(2, 7), 207);
}

}  // namespace
}  // namespace lockstep
