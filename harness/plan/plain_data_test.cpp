// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/plain_data.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/data/error.hpp"
#include "harness/plan/case_inputs.hpp"
#include "harness/plan/testing/scaled_sum.hpp"

namespace lockstep {
namespace {

using ::testing::ElementsAre;

const testing::ScaledSumOperator kOperator;

std::vector<double> elements(const Values& values) {
  std::vector<double> all;
  for (std::int64_t i = 0; i < values.count(); ++i) all.push_back(values[i]);
  return all;
}

std::vector<Values> drawn(Problem problem, const std::string& data) {
  if (!data.empty()) problem.parameters.set(kPlainData, data);
  return draw_inputs(kOperator, problem, kOperator.signature(problem), 5);
}

TEST(PlainData, TokenReadsBack) {
  for (const char* token : {"x.zero", "x.one", "x.zero.d5", "x.zero.d5.d7to9.o12+g_y.one", "weight.zero.o0to3"}) {
    const std::vector<PlainInput> inputs = parse_plain_data(token);
    EXPECT_EQ(plain_data_token(inputs), token);
  }
  const std::vector<PlainInput> inputs = parse_plain_data("x.zero.d5.d7to9.o12+g_y.one");
  ASSERT_EQ(inputs.size(), 2u);
  EXPECT_EQ(inputs[0].name, "x");
  EXPECT_FALSE(inputs[0].ones);
  EXPECT_THAT(inputs[0].drawn, ElementsAre(5, 7, 8, 9));
  EXPECT_THAT(inputs[0].one, ElementsAre(12));
  EXPECT_TRUE(inputs[1].ones);
}

TEST(PlainData, WhatCannotBeReadIsRejected) {
  for (const char* token : {"", "x", "x.", "x.two", ".zero", "x.zero.", "x.zero.5", "x.zero.d", "x.zero.d_1",
                            "x.zero.d9to7", "x.zero.d0to99999999999", "x.zero+", "x.zero.dto3"})
    EXPECT_THROW(parse_plain_data(token), Error) << token;
}

TEST(PlainData, ElementsStayAsDrawnOrBecomePlain) {
  const Problem problem = testing::scaled_sum_problem({2, 3});
  const std::vector<double> before = elements(drawn(problem, "")[0]);
  EXPECT_THAT(elements(drawn(problem, "x.zero")[0]), ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_THAT(elements(drawn(problem, "x.one")[0]), ElementsAre(1, 1, 1, 1, 1, 1));
  EXPECT_THAT(elements(drawn(problem, "x.zero.d1.d4to5.o2")[0]), ElementsAre(0, before[1], 1, 0, before[4], before[5]));
  EXPECT_EQ(elements(drawn(problem, "g_y.zero")[0]), before);  // of the other direction
  EXPECT_THROW(drawn(problem, "x.zero.d6"), Error);
}

TEST(PlainData, SavedInputsFollowFromPlainOnes) {
  const std::vector<Values> inputs =
      drawn(testing::scaled_sum_problem({2, 3}, Direction::backward), "x.one+g_y.zero+y.zero");
  EXPECT_THAT(elements(inputs[1]), ElementsAre(6, 6));  // y = 2 (1 + 1 + 1): derived, not made plain
  EXPECT_THAT(elements(inputs[2]), ElementsAre(0, 0));
  EXPECT_NE(inputs[3][0], 0);
}

TEST(PlainData, IntegersAndPositiveNumbersStayInTheirRanges) {
  Signature signature;
  signature.inputs.push_back({"indices", Role::input, DType::i64, {3}, {.low = 4, .high = 9}});
  signature.inputs.push_back({"targets", Role::input, DType::i64, {1}, {.low = 4, .high = 4}});
  signature.inputs.push_back({"variance", Role::input, DType::f32, {1}, {.positive = true}});
  signature.inputs.push_back({"logits", Role::input, DType::f32, {1}, {.exact_limit = 0}});
  Problem problem;
  problem.fill = Fill::exact;
  problem.parameters.set(kPlainData, "indices.zero.o1+targets.one+variance.zero+logits.one");
  std::vector<Values> inputs;
  for (const TensorSpec& spec : signature.inputs) inputs.emplace_back(spec.dtype, spec.shape);
  make_plain(problem, signature, inputs);
  EXPECT_THAT(elements(inputs[0]), ElementsAre(4, 5, 4));
  EXPECT_THAT(elements(inputs[1]), ElementsAre(4));
  EXPECT_THAT(elements(inputs[2]), ElementsAre(1));
  EXPECT_THAT(elements(inputs[3]), ElementsAre(0));
}

}  // namespace
}  // namespace lockstep
