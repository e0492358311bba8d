// SPDX-License-Identifier: Apache-2.0
#include "reference/adam.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/data/error.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

struct State {
  double p = 0, exp_avg = 0, exp_avg_sq = 0, maximum = 0;
};

State step(const std::string& parameters, double grad, const State& before) {
  const Problem problem = parse_problem("adam.forward", "grad=1," + parameters + ",dtype=f64");
  const Adam op(problem);
  std::vector<Values> inputs;
  for (const double element : {before.p, grad, before.exp_avg, before.exp_avg_sq, before.maximum}) {
    inputs.emplace_back(DType::f64, Shape{1});
    inputs.back().set(0, element);
  }
  if (!op.amsgrad) inputs.pop_back();
  const auto out = adam_operator().in_double(problem, operands_of<double>(inputs));
  return {out->element(0, 0), out->element(1, 0), out->element(2, 0), op.amsgrad ? out->element(3, 0) : 0};
}

// The corrections undo the weights 1 - beta: whatever the gradient's size, p moves by lr against its sign.
TEST(Adam, TheFirstStepIsTheRate) {
  for (const double grad : {-300.0, -1.0, 0.01, 5.0}) {
    const State s = step("lr=0.25,eps=0", grad, {.p = 2});
    EXPECT_NEAR(s.p, 2 - std::copysign(0.25, grad), 1e-15);
    EXPECT_NEAR(s.exp_avg, 0.1 * grad, 1e-14 * std::abs(grad));
    EXPECT_NEAR(s.exp_avg_sq, 0.001 * grad * grad, 1e-15 * grad * grad);
  }
}

TEST(Adam, KeepsAveragesOfGradientsAndSquares) {
  const State s = step("lr=1,betas=0.5x0.75,eps=1,step=2", 4, {.p = 1, .exp_avg = 2, .exp_avg_sq = 8});
  EXPECT_EQ(s.exp_avg, 3);
  EXPECT_EQ(s.exp_avg_sq, 10);
  EXPECT_DOUBLE_EQ(s.p, 1 - 3 / 0.75 / (std::sqrt(10 / (1 - 0.5625)) + 1));
}

// eps stands outside of the corrected root.
TEST(Adam, EpsIsAddedToTheCorrectedRoot) { EXPECT_DOUBLE_EQ(step("lr=1,betas=0x0.75,eps=2", 4, {}).p, -4.0 / (4 + 2)); }

TEST(Adam, DecaysInTheGradientOrBesideIt) {
  EXPECT_EQ(step("lr=0.5,betas=0x0,eps=0,weight_decay=0.25", 2, {.p = 8}).exp_avg, 4);
  const State beside = step("lr=0.5,betas=0x0,eps=0,weight_decay=0.25,decoupled_weight_decay=true", 2, {.p = 8});
  EXPECT_EQ(beside.exp_avg, 2);
  EXPECT_EQ(beside.p, 8 * (1 - 0.125) - 0.5);
}

TEST(Adam, MaximizeDoesNotNegateTheDecay) {
  EXPECT_EQ(step("lr=0.5,betas=0x0,weight_decay=0.25,maximize=true", 3, {.p = 8}).exp_avg, -1);
}

TEST(Adam, AmsgradDividesByTheLargestUncorrectedSquare) {
  const State s = step("lr=1,betas=0x0.5,eps=0,amsgrad=true", 1, {.exp_avg_sq = 1, .maximum = 8});
  EXPECT_EQ(s.exp_avg_sq, 1);
  EXPECT_EQ(s.maximum, 8);
  EXPECT_DOUBLE_EQ(s.p, -1 / std::sqrt(8 / 0.5));
  EXPECT_TRUE(std::isnan(step("amsgrad=true", std::nan(""), {.maximum = 8}).maximum));
}

TEST(Adam, StandsStillWithoutGradientAndEps) {
  EXPECT_TRUE(std::isnan(step("eps=0", 0, {.p = 3}).p));  // 0 / 0, as in PyTorch
  EXPECT_EQ(step("eps=1e_08", 0, {.p = 3}).p, 3);
}

std::string refusal_of(const std::string& label) {
  try {
    (void)adam_operator().signature(parse_problem("adam.forward", label));
  } catch (const Refused& refusal) {
    return refusal.what();
  }
  return "";
}

TEST(Adam, TheGradientHasTheShapeOfTheParameters) {
  Problem problem = parse_problem("adam.forward", "grad=2,lr=1");
  problem.set_shape("p", {2});
  EXPECT_EQ(adam_operator().signature(problem).inputs.size(), 4u);
  problem.set_shape("p", {2, 1});
  EXPECT_THROW(adam_operator().signature(problem), Refused);
}

TEST(Adam, RefusesWhatPyTorchRefuses) {
  EXPECT_EQ(refusal_of("grad=2,lr=_1"), "Invalid learning rate: -1.0");
  EXPECT_EQ(refusal_of("grad=2,eps=_1"), "Invalid epsilon value: -1.0");
  EXPECT_EQ(refusal_of("grad=2,betas=1x0.9"), "Invalid beta parameter at index 0: 1.0");
  EXPECT_EQ(refusal_of("grad=2,betas=0.9x_0.5"), "Invalid beta parameter at index 1: -0.5");
  EXPECT_EQ(refusal_of("grad=2,weight_decay=_0.1"), "Invalid weight_decay value: -0.1");
  EXPECT_EQ(refusal_of("grad=2,lr=0,betas=0x0,eps=0"), "");
}

TEST(Adam, UnreadableParametersAreErrors) {
  for (const char* label : {"grad=2,betas=0.9", "grad=2,betas=0.9x0.99x0.999", "grad=2,step=0"})
    EXPECT_THROW(Adam{parse_problem("adam.forward", label)}, Error) << label;
}

}  // namespace
}  // namespace lockstep
