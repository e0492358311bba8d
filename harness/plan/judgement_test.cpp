// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/judgement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "harness/plan/case_inputs.hpp"
#include "harness/plan/testing/scaled_sum.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

const testing::ScaledSumOperator kOperator;
const double kNan = std::nan("");
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kY = 0, kZ = 1;

/// scaled_sum.forward with its outputs filled with the truth, ready to be spoiled.
class Judged {
 public:
  struct Options {
    DType dtype = DType::f32;
    Fill fill = Fill::normal;
    Layout layout = Layout::contiguous;
    Coverage coverage = Coverage::automatic;
    PrecisionContract contract = {};
    std::int64_t nan_rows = 0;  // the first rows of x are NaN, and so are those of the outputs
  };

  Judged(const Shape& shape, const Options& options)
      : problem_(problem(shape, options)),
        signature_(kOperator.signature(problem_)),
        inputs_(draw_inputs(kOperator, problem_, signature_, 1)),
        device_(make_host_device(DeviceKind::cpu)) {
    for (std::int64_t i = 0; i < options.nan_rows * shape.back(); ++i) inputs_[0].set(i, kNan);
    judge_ = std::make_unique<Judge>(kOperator, problem_, signature_, inputs_, options.contract, options.coverage, 1);
    outputs_ = place_outputs(*device_, problem_, signature_);
    truth_ = kOperator.in_double(problem_, operands_of<double>(inputs_));
    for (const std::size_t output : {kY, kZ})
      for (std::int64_t i = 0; i < outputs_[output]->view().count(); ++i) set(output, i, truth(output, i));
  }

  double truth(std::size_t output, std::int64_t index) const { return truth_->element(output, index); }
  const GuardedTensor& tensor(std::size_t output) const { return *outputs_[output]; }
  std::int64_t offset(std::size_t output, std::int64_t index) const {
    return offset_of(index, tensor(output).view().shape, tensor(output).view().strides);
  }
  void set(std::size_t output, std::int64_t index, double value) {
    store_element(tensor(output).view().data, tensor(output).view().dtype, offset(output, index), value);
  }
  void unwrite(std::size_t output, std::int64_t index) {
    const auto bytes = static_cast<std::int64_t>(size_in_bytes(tensor(output).view().dtype));
    std::memset(tensor(output).view().as<char>() + bytes * offset(output, index), GuardedTensor::kFirstPoison,
                static_cast<std::size_t>(bytes));
  }
  /// Spoils a byte at a distance from the first element.
  void spoil_byte(std::size_t output, std::ptrdiff_t at) { tensor(output).view().as<std::uint8_t>()[at] ^= 1; }

  Allowance allowed(std::size_t output, std::int64_t index) const {
    return allowance(judge_->expected(output, index), signature_.outputs[output].dtype, judge_->contract());
  }
  bool is_sampled(std::size_t output, std::int64_t index) const {
    return std::binary_search(judge_->sample(output).begin(), judge_->sample(output).end(), index);
  }
  std::int64_t first_outside_the_sample(std::size_t output, std::int64_t from) const {
    while (is_sampled(output, from)) ++from;
    return from;
  }
  const Judge& judge() const { return *judge_; }
  Judgement judgement() const { return judge_->judge(outputs_); }
  /// The reason to reject, or "passed".
  std::string message() const {
    const Judgement result = judgement();
    return result.failure ? result.failure->message : "passed";
  }
  Gate gate() const {
    const Judgement result = judgement();
    return result.failure ? result.failure->gate : Gate::none;
  }

 private:
  static Problem problem(const Shape& shape, const Options& options) {
    Problem problem = testing::scaled_sum_problem(shape, Direction::forward, options.dtype);
    problem.fill = options.fill;
    problem.layout = options.layout;
    return problem;
  }

  Problem problem_;
  Signature signature_;
  std::vector<Values> inputs_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Judge> judge_;
  std::vector<std::unique_ptr<GuardedTensor>> outputs_;
  std::unique_ptr<Evaluator<double>> truth_;
};

TEST(Judge, TheTruthPassesAndEveryElementIsCounted) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16})
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::strided, Layout::unaligned}) {
      const Judged judged({2, 3, 4, 5}, {.dtype = dtype, .layout = layout});
      const Judgement result = judged.judgement();
      EXPECT_EQ(judged.message(), "passed") << name_of(dtype) << " " << name_of(layout);
      EXPECT_EQ(result.margins.elements_total, 24 + 120);
      EXPECT_EQ(result.margins.elements_judged, 24 + 120);
      EXPECT_EQ(result.margins.not_correctly_rounded, 0);
      EXPECT_FALSE(result.margins.exact_gate);
      EXPECT_LE(result.margins.worst_bound, 1.0);
      EXPECT_LE(result.margins.worst_rms, 8.0);
    }
}

TEST(Judge, BoundGateRejectsJustBeyondIt) {
  Judged judged({4, 64}, {.contract = {.unbiased = false}});
  const double bound = judged.allowed(kY, 2).bound;
  judged.set(kY, 2, judged.truth(kY, 2) + 0.98 * bound);
  EXPECT_EQ(judged.message(), "passed");
  EXPECT_NEAR(judged.judgement().margins.worst_bound, 0.98, 0.02);
  judged.set(kY, 2, judged.truth(kY, 2) + 1.02 * bound);
  EXPECT_EQ(judged.gate(), Gate::bound);
  EXPECT_EQ(judged.message(), "y[2] is off by more than the bound gate allows; 1 of 4 judged elements fail");
}

TEST(Judge, StatisticalGateRejectsInsideTheBound) {
  Judged judged({4, 4096}, {});
  const Allowance allowed = judged.allowed(kY, 1);
  ASSERT_LT(9 * allowed.rms, allowed.bound);
  judged.set(kY, 1, judged.truth(kY, 1) + 7.8 * allowed.rms);
  EXPECT_EQ(judged.message(), "passed");
  judged.set(kY, 1, judged.truth(kY, 1) + 8.2 * allowed.rms);
  EXPECT_EQ(judged.gate(), Gate::statistical);
  EXPECT_NEAR(judged.judgement().margins.worst_rms, 8.2, 0.1);
}

TEST(Judge, ExactGateDemandsEqualityOfExactOutputsOnExactDataOnly) {
  const auto one_off = [](std::size_t output, Fill fill) {
    Judged judged({4, 64}, {.fill = fill});
    std::int64_t index = 0;  // some element that is not zero
    while (judged.truth(output, index) == 0) ++index;
    judged.set(output, index,
               std::nextafter(static_cast<float>(judged.truth(output, index)), std::numeric_limits<float>::infinity()));
    EXPECT_EQ(judged.judgement().margins.exact_gate, fill == Fill::exact);
    return judged.gate();
  };
  EXPECT_EQ(one_off(kY, Fill::exact), Gate::exact);
  EXPECT_EQ(one_off(kY, Fill::normal), Gate::none);
  EXPECT_EQ(one_off(kZ, Fill::exact), Gate::none);  // the signature does not promise z
}

TEST(Judge, NanAndInfinityAreRejectedAndPassWhereTheyAreTheTruth) {
  for (const double wrong : {kNan, kInfinity, -kInfinity}) {
    Judged judged({4, 64}, {});
    judged.set(kZ, 70, wrong);
    EXPECT_EQ(judged.gate(), Gate::non_finite);
    EXPECT_EQ(judged.message(), "z[1, 6] is off by more than the kind of number allows; 1 of 256 judged elements fail");
  }
  Judged judged({4, 64}, {.nan_rows = 2});
  EXPECT_EQ(judged.message(), "passed");
  judged.set(kZ, 70, 1.0);  // a number where NaN is right
  EXPECT_EQ(judged.gate(), Gate::non_finite);
}

TEST(Judge, TheWorstElementOfTheWorstOutputIsReported) {
  Judged judged({4, 64}, {});
  judged.set(kY, 1, judged.truth(kY, 1) + 100 * judged.allowed(kY, 1).bound);
  judged.set(kZ, 10, judged.truth(kZ, 10) + 300 * judged.allowed(kZ, 10).bound);
  judged.set(kZ, 65, judged.truth(kZ, 65) - 700 * judged.allowed(kZ, 65).bound);
  judged.set(kZ, 200, judged.truth(kZ, 200) + 500 * judged.allowed(kZ, 200).bound);
  const Judgement result = judged.judgement();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->output, "z");
  EXPECT_EQ(result.failure->index, (Shape{1, 1}));
  EXPECT_EQ(result.failure->failing_elements, 3);
  EXPECT_NEAR(result.failure->error_in_bounds, 700, 1);
  EXPECT_DOUBLE_EQ(result.failure->expected, judged.truth(kZ, 65));
  EXPECT_EQ(result.failure->got, load_element(judged.tensor(kZ).view().data, DType::f32, 65));
}

TEST(Judge, TheMapShowsWhereTheErrorIs) {
  Judged judged({64, 128}, {});
  judged.set(kZ, 17 * 128 + 5, judged.truth(kZ, 17 * 128 + 5) + 50 * judged.allowed(kZ, 17 * 128 + 5).bound);
  const FailureMap map = judged.judgement().failure.value().map;
  ASSERT_EQ(map.rows, 16);
  ASSERT_EQ(map.columns, 32);
  ASSERT_EQ(map.cells.size(), 512u);
  for (std::size_t cell = 0; cell < 512; ++cell) {
    if (cell == 4 * 32 + 1)
      EXPECT_NEAR(map.cells[cell], 50, 1);  // row 17 of 64 is the map's 4, column 5 of 128 its 1
    else
      EXPECT_TRUE(map.cells[cell] >= 0 && map.cells[cell] <= 1) << cell;
  }
}

TEST(Judge, TheMapLeavesOutWhatNobodyJudged) {
  Judged judged({1024, 256}, {.coverage = Coverage::sampled});
  judged.set(kZ, 0, 1e6);
  const FailureMap map = judged.judgement().failure.value().map;
  const auto unjudged = std::count(map.cells.begin(), map.cells.end(), -1.0);
  EXPECT_GT(unjudged, 256);
  EXPECT_LT(unjudged, 512);
  EXPECT_GT(map.cells[0], 1.0);
}

TEST(Judge, AnUnwrittenElementIsNamedWithItsOwnTruth) {
  for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::strided}) {
    Judged judged({2, 3, 4, 5}, {.layout = layout});
    judged.unwrite(kZ, 67);
    judged.set(kY, 3, kInfinity);  // as bad elsewhere: the message and its numbers must still belong together
    const Judgement result = judged.judgement();
    ASSERT_TRUE(result.failure);
    EXPECT_EQ(result.failure->message, "z[1, 0, 1, 2] was never written") << name_of(layout);
    EXPECT_EQ(result.failure->output, "z");
    EXPECT_EQ(result.failure->index, (Shape{1, 0, 1, 2}));
    EXPECT_DOUBLE_EQ(result.failure->expected, judged.truth(kZ, 67));
    EXPECT_TRUE(std::isnan(result.failure->got));
  }
}

TEST(Judge, AnUnwrittenElementOutsideTheSampleIsFound) {
  Judged judged({600, 64}, {.coverage = Coverage::sampled});
  const std::int64_t index = judged.first_outside_the_sample(kZ, 20000);
  judged.unwrite(kZ, index);
  EXPECT_EQ(judged.message(), "z" + to_text(coordinates_of(index, {600, 64})) + " was never written");
}

TEST(Judge, DamageAroundAnOutputIsFoundWhereTheValuesAreRight) {
  const auto message_with = [](Layout layout, std::ptrdiff_t at) {
    Judged judged({3, 8}, {.layout = layout});
    EXPECT_EQ(judged.message(), "passed");
    judged.spoil_byte(kZ, at);
    EXPECT_EQ(judged.judgement().failure.value_or(Failure{}).output, "z");
    return judged.message();
  };
  EXPECT_EQ(message_with(Layout::contiguous, -1),
            "z: 1 bytes written before the tensor, the first 1 bytes ahead of it");
  EXPECT_EQ(message_with(Layout::contiguous, 3 * 8 * 4 + 2),
            "z: 1 bytes written behind the tensor, the first 2 bytes past its end");
  EXPECT_EQ(message_with(Layout::unaligned, 3 * 8 * 4),
            "z: 1 bytes written behind the tensor, the first 0 bytes past its end");
  EXPECT_EQ(message_with(Layout::strided, 8 * 4), "z: bytes written into the gap behind row 0");
  EXPECT_EQ(message_with(Layout::strided, (11 + 8) * 4 + 11), "z: bytes written into the gap behind row 1");
}

TEST(Judge, NanOutsideTheSampleIsFound) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16})
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::strided})
      for (const double wrong : {kNan, kInfinity}) {
        Judged judged({10, 20, 8, 16}, {.dtype = dtype, .layout = layout, .coverage = Coverage::sampled});
        ASSERT_EQ(judged.message(), "passed");
        const std::int64_t index = judged.first_outside_the_sample(kZ, 12000);
        judged.set(kZ, index, wrong);
        const Judgement result = judged.judgement();
        ASSERT_TRUE(result.failure) << name_of(dtype) << " " << name_of(layout);
        EXPECT_EQ(result.failure->index, coordinates_of(index, {10, 20, 8, 16}));
        EXPECT_EQ(result.failure->gate, Gate::non_finite);
      }
}

TEST(Judge, RightNansDoNotHideAWrongOneBehindThem) {
  Judged judged({600, 64}, {.coverage = Coverage::sampled, .nan_rows = 40});
  ASSERT_EQ(judged.message(), "passed");
  const std::int64_t index = judged.first_outside_the_sample(kZ, 500 * 64);
  judged.set(kZ, index, kNan);
  const Judgement result = judged.judgement();
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->index, coordinates_of(index, {600, 64}));
}

TEST(Judge, WithMoreNansThanCanBeJudgedSomeAreJudgedEverywhere) {
  // 38400 elements, the first half rightly NaN and the second half wrongly: a limit from the front would see none of those.
  Judged judged({600, 64}, {.coverage = Coverage::sampled, .nan_rows = 300});
  const auto sampled = static_cast<std::int64_t>(judged.judge().sample(kY).size() + judged.judge().sample(kZ).size());
  EXPECT_EQ(judged.message(), "passed");
  EXPECT_EQ(judged.judgement().margins.elements_judged, sampled + 4096);
  for (std::int64_t i = 300 * 64; i < 600 * 64; ++i)
    if (!judged.is_sampled(kZ, i)) judged.set(kZ, i, kNan);
  EXPECT_EQ(judged.gate(), Gate::non_finite);
}

TEST(Judge, CoverageIsCounted) {
  Judged judged({600, 64}, {.coverage = Coverage::sampled});
  const auto sampled = static_cast<std::int64_t>(judged.judge().sample(kY).size() + judged.judge().sample(kZ).size());
  EXPECT_LT(sampled, 2000);
  EXPECT_EQ(judged.judgement().margins.elements_total, 600 + 600 * 64);
  EXPECT_EQ(judged.judgement().margins.elements_judged, sampled);
  judged.set(kZ, judged.first_outside_the_sample(kZ, 20000), kNan);
  EXPECT_EQ(judged.judgement().margins.elements_judged, sampled + 1);
  EXPECT_THAT(judged.message(), HasSubstr("1 of " + std::to_string(judged.judge().sample(kZ).size() + 1) + " judged"));
  EXPECT_EQ(Judged({600, 64}, {.coverage = Coverage::full}).judgement().margins.elements_judged, 600 + 600 * 64);
}

TEST(Judge, TheContractDecidesHowMuchIsAllowed) {
  const Judged in_float({4, 64}, {}), in_half({4, 64}, {.contract = {.accumulation = DType::f16}}),
      in_parts({4, 64}, {.contract = {.partial_sums = 32}});
  EXPECT_GT(in_half.allowed(kY, 0).bound, 1000 * in_float.allowed(kY, 0).bound);
  EXPECT_LT(in_parts.allowed(kY, 0).bound, 0.5 * in_float.allowed(kY, 0).bound);
  // A half-precision error is rejected by the float contract alone.
  const auto gate_under = [](const PrecisionContract& contract) {
    Judged judged({4, 64}, {.contract = contract});
    judged.set(kY, 0, judged.truth(kY, 0) * (1 + 0x1p-11));
    return judged.gate();
  };
  EXPECT_EQ(gate_under({.accumulation = DType::f16}), Gate::none);
  EXPECT_NE(gate_under({}), Gate::none);
}

TEST(Judge, EmptyOutputsPass) {
  const Judged judged({0, 8}, {});
  EXPECT_EQ(judged.message(), "passed");
  EXPECT_EQ(judged.judgement().margins.elements_total, 0);
}

}  // namespace
}  // namespace lockstep
