// SPDX-License-Identifier: Apache-2.0
#include "reference/sgd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/data/error.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

Values one(double element) {
  Values values(DType::f64, {1});
  values.set(0, element);
  return values;
}

struct Step {
  double p = 0, buffer = 0;
};

/// One step on p = 8 and the gradient `grad`; a buffer is given behind the first step.
Step step(const std::string& parameters, double grad, double buffer = 0) {
  const Problem problem = parse_problem("sgd.forward", "grad=1," + parameters + ",dtype=f64");
  const Sgd op(problem);
  std::vector<Values> inputs{one(8), one(grad)};
  if (op.reads_buffer()) inputs.push_back(one(buffer));
  const auto out = sgd_operator().in_double(problem, operands_of<double>(inputs));
  return {out->element(0, 0), op.has_buffer() ? out->element(1, 0) : 0};
}

TEST(Sgd, MovesAgainstTheGradient) {
  EXPECT_EQ(step("lr=0.5", 4).p, 6);
  EXPECT_EQ(step("lr=0.5,maximize=true", 4).p, 10);
  EXPECT_EQ(step("lr=0.5,weight_decay=0.25", 4).p, 5);  // g = 4 + 2
}

// PyTorch: the decay is added after the negation, so that it still shrinks p.
TEST(Sgd, MaximizeDoesNotNegateTheDecay) { EXPECT_EQ(step("lr=0.5,weight_decay=0.25,maximize=true", 4).p, 9); }

TEST(Sgd, MomentumGathersGradients) {
  const Step s = step("lr=0.5,momentum=0.5", 4, 2);
  EXPECT_EQ(s.buffer, 5);
  EXPECT_EQ(s.p, 5.5);
}

// PyTorch: the buffer starts as a copy of the first gradient; dampening acts from the second step on.
TEST(Sgd, TheFirstStepIsNotDamped) {
  const Step first = step("lr=0.5,momentum=0.5,dampening=0.75,first_step=true", 4);
  EXPECT_EQ(first.buffer, 4);
  EXPECT_EQ(first.p, 6);
  const Step second = step("lr=0.5,momentum=0.5,dampening=0.75", 4, 2);
  EXPECT_EQ(second.buffer, 2);
  EXPECT_EQ(second.p, 7);
}

TEST(Sgd, NesterovLooksAheadFromTheNewBuffer) {
  const Step s = step("lr=0.5,momentum=0.5,nesterov=true", 4, 2);
  EXPECT_EQ(s.buffer, 5);
  EXPECT_EQ(s.p, 8 - 0.5 * (4 + 0.5 * 5));
}

TEST(Sgd, KeepsTheBufferInFloat32) {
  const Signature s = sgd_operator().signature(parse_problem("sgd.forward", "grad=3x2,lr=0.1,momentum=0.9,dtype=bf16"));
  ASSERT_EQ(s.inputs.size(), 3u);
  ASSERT_EQ(s.outputs.size(), 2u);
  EXPECT_EQ(s.inputs[0].dtype, DType::bf16);
  EXPECT_EQ(s.inputs[2].dtype, DType::f32);
  EXPECT_EQ(s.outputs[1].dtype, DType::f32);
  const Signature plain = sgd_operator().signature(parse_problem("sgd.forward", "grad=3x2,lr=0.1"));
  EXPECT_EQ(plain.inputs.size(), 2u);
  EXPECT_EQ(plain.outputs.size(), 1u);
}

TEST(Sgd, IsForwardOnly) { EXPECT_FALSE(sgd_operator().has_backward()); }

std::string refusal_of(const std::string& label) {
  try {
    (void)sgd_operator().signature(parse_problem("sgd.forward", label));
  } catch (const Refused& refusal) {
    return refusal.what();
  }
  return "";
}

TEST(Sgd, TheGradientHasTheShapeOfTheParameters) {
  Problem problem = parse_problem("sgd.forward", "grad=2,lr=1");
  problem.set_shape("p", {2});
  EXPECT_EQ(sgd_operator().signature(problem).inputs.size(), 2u);
  problem.set_shape("p", {2, 1});
  EXPECT_THROW(sgd_operator().signature(problem), Refused);
}

TEST(Sgd, RefusesWhatPyTorchRefuses) {
  EXPECT_EQ(refusal_of("grad=2,lr=_0.1"), "Invalid learning rate: -0.1");
  EXPECT_EQ(refusal_of("grad=2,lr=1,momentum=_1"), "Invalid momentum value: -1.0");
  EXPECT_EQ(refusal_of("grad=2,lr=1,weight_decay=_1e_05"), "Invalid weight_decay value: -1e-05");
  EXPECT_EQ(refusal_of("grad=2,lr=1,nesterov=true"), "Nesterov momentum requires a momentum and zero dampening");
  EXPECT_EQ(refusal_of("grad=2,lr=1,momentum=0.9,dampening=0.1,nesterov=true"),
            "Nesterov momentum requires a momentum and zero dampening");
  EXPECT_THAT(refusal_of("grad=2"), ::testing::HasSubstr("required optimization parameter lr"));
  EXPECT_EQ(refusal_of("grad=2,lr=0"), "");
}

}  // namespace
}  // namespace lockstep
