// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/fault_power.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/plan/testing/scaled_sum.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

const testing::ScaledSumOperator kOperator;

const FaultTrial* find(const std::vector<FaultTrial>& trials, std::string_view fault) {
  const auto found =
      std::find_if(trials.begin(), trials.end(), [&](const FaultTrial& one) { return one.fault == fault; });
  return found == trials.end() ? nullptr : &*found;
}

std::vector<std::string> applicable(const std::vector<FaultTrial>& trials) {
  std::vector<std::string> names;
  for (const FaultTrial& trial : trials)
    if (trial.applies) names.push_back(trial.fault);
  return names;
}

constexpr const char* kStructural[]{"zeros",
                                    "last_element_unwritten",
                                    "last_row_unwritten",
                                    "nan_in_one_element",
                                    "neighbours_swapped",
                                    "last_channel_unwritten"};
constexpr const char* kMemory[]{"input_overwritten", "written_before_output", "written_behind_output", "not_repeatable",
                                "nothing_written"};

TEST(FaultPower, EveryFaultIsCaughtInEveryDtypeDirectionAndLayout) {
  for (const Direction direction : {Direction::forward, Direction::backward})
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16})
      for (const Layout layout : {Layout::contiguous, Layout::strided}) {
        Problem problem = testing::scaled_sum_problem({5, 48}, direction, dtype);
        problem.layout = layout;
        const std::vector<FaultTrial> trials = try_faults(kOperator, problem, 1);
        for (const FaultTrial& trial : trials)
          EXPECT_TRUE(!trial.applies || trial.caught)
              << problem.label() << " " << trial.fault << " " << trial.effect_in_gates;
        EXPECT_THAT(applicable(trials), IsSupersetOf(kStructural)) << problem.label();
        EXPECT_THAT(applicable(trials), IsSupersetOf(kMemory)) << problem.label();
        EXPECT_THAT(applicable(trials), IsSupersetOf({"scale_forgotten", "only_first_row"})) << problem.label();
        if (dtype == DType::f32) {
          EXPECT_THAT(applicable(trials), IsSupersetOf({"inputs_rounded_to_bf16", "bf16_accumulation"}))
              << problem.label();
        }
      }
}

TEST(FaultPower, EveryFaultIsDescribedOnce) {
  const std::vector<FaultTrial> trials = try_faults(kOperator, testing::scaled_sum_problem({5, 48}), 1);
  for (const FaultTrial& trial : trials) {
    EXPECT_NE(trial.description, "") << trial.fault;
    EXPECT_EQ(find(trials, trial.fault), &trial) << trial.fault << " appears twice";
  }
}

TEST(FaultPower, AFormulaFaultBelowFourGatesDoesNotApply) {
  const auto trials = try_faults(kOperator, testing::scaled_sum_problem({5, 48}), 1);
  const FaultTrial* hardly = find(trials, "scale_hardly_off");
  ASSERT_NE(hardly, nullptr);
  EXPECT_GT(hardly->effect_in_gates, 0.0);
  EXPECT_LT(hardly->effect_in_gates, kFaultGates);
  EXPECT_FALSE(hardly->applies);
  EXPECT_FALSE(hardly->caught);
}

TEST(FaultPower, WhatTheOutputTypeCannotHoldIsNoEffect) {
  const auto trials = try_faults(kOperator, testing::scaled_sum_problem({5, 48}, Direction::forward, DType::bf16), 1);
  EXPECT_EQ(find(trials, "scale_hardly_off")->effect_in_gates, 0.0);  // 2^-23 where bfloat16 ends at 2^-8
}

TEST(FaultPower, OnExactDataTheGateIsOneRounding) {
  Problem problem = testing::scaled_sum_problem({5, 48});
  const auto effect_of = [&problem](Fill fill, const char* fault) {
    problem.fill = fill;
    return find(try_faults(kOperator, problem, 1), fault)->effect_in_gates;
  };
  // y must equal the rounded truth there: its gate is u |y|, in which a factor of 1 + 2^-23 is 2, whatever the depth.
  EXPECT_NEAR(effect_of(Fill::exact, "scale_hardly_off"), 2.0, 1.0);
  EXPECT_LT(effect_of(Fill::normal, "scale_hardly_off"), 1.0);
  // Integers up to 8 are bfloat16 already.
  EXPECT_EQ(effect_of(Fill::exact, "inputs_rounded_to_bf16"), 0.0);
}

TEST(FaultPower, AFaultThatCannotOccurIsLeftOut) {
  const auto one_row = try_faults(kOperator, testing::scaled_sum_problem({1, 48}), 1);
  const auto two_rows = try_faults(kOperator, testing::scaled_sum_problem({2, 48}), 1);
  EXPECT_EQ(find(one_row, "only_first_row"), nullptr);
  ASSERT_NE(find(two_rows, "only_first_row"), nullptr);
  EXPECT_TRUE(find(two_rows, "only_first_row")->caught);
  const auto no_channels = try_faults(kOperator, testing::scaled_sum_problem({48}, Direction::backward), 1);
  EXPECT_EQ(find(no_channels, "last_channel_unwritten"), nullptr);
}

TEST(FaultPower, EquivalencesAreCarriedWhereTheyHold) {
  const auto reason = [](DType dtype, Direction direction, const char* fault) {
    const auto trials = try_faults(kOperator, testing::scaled_sum_problem({5, 48}, direction, dtype), 1);
    return find(trials, fault)->equivalent;
  };
  EXPECT_EQ(reason(DType::bf16, Direction::forward, "scale_forgotten"), "said to be invisible in bfloat16");
  EXPECT_EQ(reason(DType::f32, Direction::forward, "scale_forgotten"), "");
  EXPECT_EQ(reason(DType::bf16, Direction::backward, "scale_forgotten"), "");
  EXPECT_EQ(reason(DType::bf16, Direction::forward, "inputs_rounded_to_bf16"), "the inputs are bfloat16 already");
  EXPECT_EQ(reason(DType::f32, Direction::forward, "inputs_rounded_to_bf16"), "");
  EXPECT_EQ(reason(DType::bf16, Direction::forward, "zeros"), "");
}

TEST(FaultPower, OnAnEmptyProblemTheMemoryAroundItAloneCanBeSpoiled) {
  const auto trials = try_faults(kOperator, testing::scaled_sum_problem({0, 8}), 1);
  for (const FaultTrial& trial : trials)
    EXPECT_EQ(trial.applies, trial.fault == "written_before_output" || trial.fault == "written_behind_output")
        << trial.fault;
  for (const char* fault : {"written_before_output", "written_behind_output"}) EXPECT_TRUE(find(trials, fault)->caught);
}

/// Replaces the errors of every tracked element: NaN makes a judge that accepts nothing, 1e30 one that accepts all numbers.
class MisjudgedOperator final : public testing::ScaledSumOperator {
 public:
  explicit MisjudgedOperator(double error) : error_(error) {}
  std::unique_ptr<Evaluator<Tracked>> tracked(const Problem& problem, const Operands<Tracked>& in) const override {
    class Misjudged final : public Evaluator<Tracked> {
     public:
      Misjudged(std::unique_ptr<Evaluator<Tracked>> inner, double error) : inner_(std::move(inner)), error_(error) {}
      Tracked element(std::size_t output, std::int64_t index) const override {
        return {inner_->element(output, index).value, error_, error_, 0};
      }

     private:
      std::unique_ptr<Evaluator<Tracked>> inner_;
      double error_;
    };
    return std::make_unique<Misjudged>(ScaledSumOperator::tracked(problem, in), error_);
  }

 private:
  double error_;
};

TEST(FaultPower, AJudgeThatRejectsTheTruthThrows) {
  const MisjudgedOperator strict(std::nan(""));
  try {
    try_faults(strict, testing::scaled_sum_problem({5, 48}), 1);
    FAIL() << "faults were tried before a judge that rejects everything";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("scaled_sum.forward/x=5x48,dtype=f32: the judge rejects the truth: "));
  }
}

TEST(FaultPower, AJudgeThatAllowsEverythingHasNoFormulaFaultToShow) {
  const MisjudgedOperator lenient(1e30);
  const auto trials = try_faults(lenient, testing::scaled_sum_problem({5, 48}), 1);
  for (const char* fault : {"scale_forgotten", "zeros", "neighbours_swapped", "bf16_accumulation"})
    EXPECT_FALSE(find(trials, fault)->applies) << fault;
  // What needs no bound is caught all the same.
  for (const char* fault : {"nan_in_one_element", "last_element_unwritten", "written_behind_output", "nothing_written"})
    EXPECT_TRUE(find(trials, fault)->caught) << fault;
}

}  // namespace
}  // namespace lockstep
