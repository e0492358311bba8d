// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/data/error.hpp"
#include "harness/numerics/sum.hpp"
#include "harness/plan/case_inputs.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

/// Two images of two channels of one row: channel 0 holds 1 2 3 6 (mean 3, squares 14), channel 1 is 5 everywhere.
std::vector<Values> small_inputs() {
  return {tensor({2, 2, 2}, {1, 2, 5, 5, 3, 6, 5, 5}), tensor({2}, {2, 3}), tensor({2}, {10, 20}), tensor({2}, {1, 1}),
          tensor({2}, {1, 1})};
}

std::unique_ptr<Evaluator<double>> evaluate(const char* operation, const std::string& label,
                                            const std::vector<Values>& inputs) {
  return batch_norm_operator().in_double(parse_problem(operation, label), operands_of<double>(inputs));
}

TEST(BatchNorm, NormalisesWithTheBiasedAndTracksTheUnbiasedVariance) {
  const auto inputs = small_inputs();
  const auto out =
      evaluate("batch_norm.forward", "x=2x2x2,eps=0.5,momentum=0.25,num_batches_tracked=7,dtype=f64", inputs);
  EXPECT_DOUBLE_EQ(out->element(0, 0), 2 * (1 - 3) / std::sqrt(14.0 / 4 + 0.5) + 10);
  EXPECT_DOUBLE_EQ(out->element(0, 5), 2 * (6 - 3) / std::sqrt(14.0 / 4 + 0.5) + 10);
  EXPECT_DOUBLE_EQ(out->element(0, 7), 20);  // a constant channel gives the bias
  EXPECT_DOUBLE_EQ(out->element(1, 0), 0.75 * 1 + 0.25 * 3);
  EXPECT_DOUBLE_EQ(out->element(2, 0), 0.75 * 1 + 0.25 * 14.0 / 3);
  EXPECT_DOUBLE_EQ(out->element(2, 1), 0.75);
  EXPECT_EQ(out->element(3, 0), 8);
}

TEST(BatchNorm, WithoutMomentumAveragesOverBatches) {
  const auto inputs = small_inputs();
  const auto out = evaluate("batch_norm.forward", "x=2x2x2,momentum=none,num_batches_tracked=4,dtype=f64", inputs);
  EXPECT_DOUBLE_EQ(out->element(1, 0), 0.8 * 1 + 0.2 * 3);
  EXPECT_DOUBLE_EQ(out->element(2, 0), 0.8 * 1 + 0.2 * 14.0 / 3);
}

TEST(BatchNorm, EvaluationTakesAndKeepsTheRunningStatistics) {
  const auto inputs = small_inputs();
  const auto out =
      evaluate("batch_norm.forward", "x=2x2x2,eps=0,training=false,num_batches_tracked=7,dtype=f64", inputs);
  EXPECT_DOUBLE_EQ(out->element(0, 5), 2 * (6 - 1) + 10);
  EXPECT_EQ(out->element(1, 0), 1);
  EXPECT_EQ(out->element(2, 0), 1);
  EXPECT_EQ(out->element(3, 0), 7);
}

TEST(BatchNorm, EvaluationWithoutTrackingTakesTheBatch) {
  const auto all = small_inputs();
  const std::vector<Values> inputs{all[0], all[1], all[2]};
  const auto trained = evaluate("batch_norm.forward", "x=2x2x2,track_running_stats=false,dtype=f64", inputs);
  const auto evaluated =
      evaluate("batch_norm.forward", "x=2x2x2,training=false,track_running_stats=false,dtype=f64", inputs);
  for (std::int64_t i = 0; i < 8; ++i) EXPECT_EQ(trained->element(0, i), evaluated->element(0, i));
}

TEST(BatchNorm, AnEmptyBatchMovesTheCounterAlone) {
  auto inputs = small_inputs();
  inputs[0] = tensor({0, 2, 2}, {});
  const auto out = evaluate("batch_norm.forward", "x=0x2x2,num_batches_tracked=7,dtype=f64", inputs);
  EXPECT_EQ(out->element(1, 1), 1);
  EXPECT_EQ(out->element(2, 1), 1);
  EXPECT_EQ(out->element(3, 0), 8);
}

TEST(BatchNorm, NothingFlowsToAConstantGradient) {
  const std::vector<Values> inputs{tensor({4, 1}, {1, -2, 5, 3}), tensor({1}, {1.75}), tensor({1}, {0.5}),
                                   tensor({4, 1}, {2, 2, 2, 2})};
  const auto d = evaluate("batch_norm.backward", "x=4x1,affine=false,dtype=f64", inputs);
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_NEAR(d->element(0, i), 0, 1e-15);
}

TEST(BatchNorm, BackwardIsTheDerivativeOfTheForward) {
  for (const char* label : {"x=5x3", "x=3x2x5x4", "x=2x3x2x3x2,affine=false", "x=4x3x7,training=false",
                            "x=4x3x7,training=false,track_running_stats=false,eps=0.1", "x=1x2x6,affine=false"}) {
    const Problem problem = parse_problem("batch_norm.backward", label);
    EXPECT_LT(gradient_discrepancy(batch_norm_operator(), problem, 5), 1e-12) << label;
    EXPECT_LT(second_gradient_discrepancy(batch_norm_operator(), problem, 5), 1e-12) << label;
  }
}

// d_weight's errors are computed in closed form; step by step they must come out the same.
TEST(BatchNorm, ClosedFormOfTheGradientSumHasTheErrorsOfItsSteps) {
  for (const char* label : {"x=9x2x7", "x=9x2x7,training=false"}) {
    const Problem problem = parse_problem("batch_norm.backward", label);
    const Signature signature = batch_norm_operator().signature(problem);
    const auto inputs = draw_inputs(batch_norm_operator(), problem, signature, 3);
    const BatchNorm op(problem);
    const auto in = operands_of<Tracked>(inputs);  // x, weight, two statistics, g_y
    const auto gradients = batch_norm_operator().tracked(problem, in);
    for (std::int64_t c = 0; c < op.channels; ++c) {
      const Tracked rstd = op.from_batch() ? in[3][c] : shared(rsqrt(in[3][c] + Tracked(op.eps)));
      const Tracked steps = dot<Tracked>(
          op.count(), [&](std::int64_t i) { return in[4][op.index(c, i)]; },
          [&](std::int64_t i) { return (in[0][op.index(c, i)] - in[2][c]) * rstd; });
      const Tracked closed = gradients->element(1, c);
      EXPECT_NEAR(closed.value, steps.value, 1e-13);
      EXPECT_NEAR(closed.bound / steps.bound, 1, 1e-3) << label;
      EXPECT_NEAR(closed.spread / steps.spread, 1, 1e-3) << label;
      EXPECT_NEAR(closed.common, steps.common, 1e-3 * steps.common) << label;
    }
  }
}

// In bfloat16 a channel around 1000 may well hold one number only, and the mean's error then exceeds eps.
TEST(BatchNorm, AConstantChannelFarFromZeroHasAFiniteBound) {
  const Problem problem = parse_problem("batch_norm.forward", "x=128x1,affine=false,track_running_stats=false");
  Values x(DType::f32, {128, 1});
  for (std::int64_t i = 0; i < 128; ++i) x.set(i, 1000);
  const std::vector<Values> inputs{x};
  const auto y = batch_norm_operator().tracked(problem, operands_of<Tracked>(inputs));
  EXPECT_EQ(y->element(0, 5).value, 0);
  EXPECT_LT(y->element(0, 5).bound, 10);
}

std::string refusal(const char* label) { return refusal_of<BatchNorm>(parse_problem("batch_norm.forward", label)); }

TEST(BatchNorm, RefusesRanksAsPyTorchsClassesDo) {
  EXPECT_EQ(refusal("x=2x3x4x5,dims=1"), "expected 2D or 3D input (got 4D input)");
  EXPECT_EQ(refusal("x=2x3x4,dims=2"), "expected 4D input (got 3D input)");
  EXPECT_EQ(refusal("x=2x3x4x5,dims=3"), "expected 5D input (got 4D input)");
  EXPECT_EQ(refusal("x=3"), "expected at least 2D input (got 1D input)");
  EXPECT_EQ(refusal("x=2x3,dims=1"), "accepted");
  EXPECT_EQ(refusal("x=2x3x4x5,dims=2"), "accepted");
  EXPECT_EQ(refusal("x=2x3x4x5x6,dims=3"), "accepted");
  EXPECT_THROW(refusal("x=2x3,dims=4"), Error);
}

TEST(BatchNorm, RefusesOneValuePerChannelWhereItTakesTheBatch) {
  const std::string message =
      "Expected more than 1 value per channel when training, got input size torch.Size([1, 3, 1, 1])";
  EXPECT_EQ(refusal("x=1x3x1x1"), message);
  EXPECT_EQ(refusal("x=1x3x1x1,training=false,track_running_stats=false"), message);
  EXPECT_EQ(refusal("x=1x3x1x1,training=false"), "accepted");
  EXPECT_EQ(refusal("x=1x3x1x2"), "accepted");
  EXPECT_EQ(refusal("x=0x3x1x1"), "accepted");
}

TEST(BatchNorm, RefusesAWrongNumberOfChannels) {
  EXPECT_EQ(refusal("x=2x3x4,num_features=4"), "running_mean should contain 3 elements not 4");
  EXPECT_EQ(refusal("x=2x3x4,num_features=4,track_running_stats=false"), "weight should contain 3 elements not 4");
  EXPECT_EQ(refusal("x=2x3x4,num_features=4,track_running_stats=false,affine=false"), "accepted");
  EXPECT_EQ(refusal("x=2x3x4,weight=5"), "weight should contain 3 elements not 5");
  EXPECT_EQ(refusal("x=2x3x4,num_features=3"), "accepted");
  EXPECT_THAT(refusal("x=2x0x4"), testing::HasSubstr("index 0 out of range"));
}

}  // namespace
}  // namespace lockstep
