// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/case_inputs.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/plan/testing/scaled_sum.hpp"

namespace lockstep {
namespace {

const testing::ScaledSumOperator kOperator;

std::vector<Values> drawn(const Problem& problem, std::uint64_t seed) {
  return draw_inputs(kOperator, problem, kOperator.signature(problem), seed);
}

std::vector<double> contents(const Values& values) {
  std::vector<double> all;
  for (std::int64_t i = 0; i < values.count(); ++i) all.push_back(values[i]);
  return all;
}

TEST(CaseInputs, SameSeedSameData) {
  const Problem problem = testing::scaled_sum_problem({4, 30}, Direction::backward);
  const auto first = drawn(problem, 7), again = drawn(problem, 7), other = drawn(problem, 8);
  ASSERT_EQ(first.size(), 4u);
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(contents(first[i]), contents(again[i])) << i;
    EXPECT_NE(contents(first[i]), contents(other[i])) << i;
  }
}

TEST(CaseInputs, TensorsAndProblemsDrawFromStreamsOfTheirOwn) {
  Problem problem = testing::scaled_sum_problem({4, 30}, Direction::backward);
  const auto inputs = drawn(problem, 7);
  EXPECT_NE(contents(inputs[0]), contents(inputs[3]));  // x and g_z: same shape, same range
  problem.parameters.set_real("scale", 3);
  EXPECT_NE(contents(drawn(problem, 7)[0]), contents(inputs[0]));
}

class Picky final : public testing::ScaledSumOperator {
  void check_inputs(const Problem&, const std::vector<Values>& inputs) const override {
    if (inputs[0].count() > 4) throw Refused("too many for me");
  }
};

TEST(CaseInputs, WhatTheOperatorRefusesIsNotDrawn) {
  const Picky picky;
  const auto draw = [&](const Shape& shape) {
    const Problem problem = testing::scaled_sum_problem(shape);
    return draw_inputs(picky, problem, picky.signature(problem), 1);
  };
  EXPECT_NO_THROW(draw({4}));
  EXPECT_THROW(draw({5}), Refused);
}

TEST(CaseInputs, ValuesAreNumbersOfTheirDtypeAndShape) {
  const auto inputs = drawn(testing::scaled_sum_problem({4, 30}, Direction::backward, DType::bf16), 7);
  EXPECT_EQ(inputs[0].dtype(), DType::bf16);
  EXPECT_EQ(inputs[0].shape(), (Shape{4, 30}));
  EXPECT_EQ(inputs[2].shape(), (Shape{4}));
  for (const double value : contents(inputs[0])) EXPECT_EQ(round_to(DType::bf16, value), value);
}

TEST(CaseInputs, SavedTensorsAreDerivedFromTheDrawnOnes) {
  const auto inputs = drawn(testing::scaled_sum_problem({4, 30}, Direction::backward, DType::f16), 7);
  EXPECT_EQ(inputs[1].dtype(), DType::f32);
  for (std::int64_t row = 0; row < 4; ++row) {
    double total = 0;
    for (std::int64_t c = 0; c < 30; ++c) total += inputs[0][row * 30 + c];
    EXPECT_NE(total, 0.0);
    EXPECT_NEAR(inputs[1][row], 2 * total, 1e-5);
  }
}

TEST(CaseInputs, TheFillIsTheProblems) {
  Problem problem = testing::scaled_sum_problem({4, 30});
  problem.fill = Fill::exact;
  for (const double value : contents(drawn(problem, 7)[0])) EXPECT_EQ(value, std::round(value));
}

TEST(CaseInputs, LayoutsApplyToActivationsAlone) {
  const auto device = make_host_device(DeviceKind::cpu);
  Problem problem = testing::scaled_sum_problem({4, 30}, Direction::backward);
  problem.layout = Layout::strided;
  const Signature signature = kOperator.signature(problem);
  const auto inputs = drawn(problem, 7);
  const auto placed = place_inputs(*device, problem, signature, inputs);
  ASSERT_EQ(placed.size(), 4u);
  EXPECT_EQ(placed[0]->view().strides, (Strides{33, 1}));
  EXPECT_EQ(placed[3]->view().strides, (Strides{33, 1}));
  for (std::size_t i = 0; i < placed.size(); ++i) {
    const TensorView& view = placed[i]->view();
    EXPECT_EQ(contents(load(view.data, view.dtype, view.shape, view.strides)), contents(inputs[i])) << i;
    EXPECT_EQ(placed[i]->damage(), std::nullopt);
  }
  problem.layout = Layout::unaligned;
  const auto shifted = place_inputs(*device, problem, signature, inputs);
  EXPECT_FALSE(shifted[0]->view().is_aligned(16));
  EXPECT_TRUE(shifted[1]->view().is_aligned(16));  // a saved statistic
}

TEST(CaseInputs, OutputsStartAsPoison) {
  const auto device = make_host_device(DeviceKind::cpu);
  Problem problem = testing::scaled_sum_problem({4, 30});
  problem.layout = Layout::strided;
  const auto placed = place_outputs(*device, problem, kOperator.signature(problem));
  ASSERT_EQ(placed.size(), 2u);
  EXPECT_EQ(placed[0]->view().strides, (Strides{1}));
  EXPECT_EQ(placed[1]->view().strides, (Strides{33, 1}));
  for (const auto& output : placed) EXPECT_EQ(output->first_unwritten(), 0);
}

}  // namespace
}  // namespace lockstep
