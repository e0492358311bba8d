// SPDX-License-Identifier: Apache-2.0
#include "reference/channel_shuffle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/data/error.hpp"
#include "harness/plan/fault_power.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

Values counting(Shape shape) {
  Values values(DType::f64, std::move(shape));
  for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, static_cast<double>(i));
  return values;
}

/// The output (of either direction) for inputs 0, 1, 2, ...
std::vector<double> result(const char* operation, const char* label) {
  const Problem problem = parse_problem(operation, label);
  const std::vector<Values> inputs{counting(problem.shape("x"))};
  const auto evaluator = channel_shuffle_operator().in_double(problem, operands_of<double>(inputs));
  std::vector<double> all;
  for (std::int64_t i = 0; i < inputs[0].count(); ++i) all.push_back(evaluator->element(0, i));
  return all;
}

TEST(ChannelShuffle, TwelveChannelsInThreeGroups) {
  EXPECT_THAT(result("channel_shuffle.forward", "x=1x12x1,groups=3,dtype=f64"),
              testing::ElementsAre(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11));
}

TEST(ChannelShuffle, PlanesAndImagesStayWhole) {
  EXPECT_THAT(result("channel_shuffle.forward", "x=2x4x2,groups=2,dtype=f64"),
              testing::ElementsAre(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
}

TEST(ChannelShuffle, BackwardIsTheShuffleWithTheOtherGroups) {
  EXPECT_EQ(result("channel_shuffle.backward", "x=2x12x3,groups=3,dtype=f64"),
            result("channel_shuffle.forward", "x=2x12x3,groups=4,dtype=f64"));
  for (const char* label : {"x=2x12x3,groups=3", "x=1x6x2x2,groups=6", "x=3x10x1x2x2,groups=5"})
    EXPECT_LT(gradient_discrepancy(channel_shuffle_operator(), parse_problem("channel_shuffle.backward", label), 5),
              1e-12)
        << label;
}

TEST(ChannelShuffle, TwiceIsTheIdentityOnSquaresOnly) {
  const auto twice = [](const char* label) {
    const Problem problem = parse_problem("channel_shuffle.forward", label);
    const std::vector<double> once = result("channel_shuffle.forward", label);
    std::vector<double> again;
    for (const double source : once) again.push_back(once[static_cast<std::size_t>(source)]);
    return again;
  };
  std::vector<double> identity(9);
  for (int i = 0; i < 9; ++i) identity[static_cast<std::size_t>(i)] = i;
  EXPECT_EQ(twice("x=1x9x1,groups=3,dtype=f64"), identity);
  EXPECT_NE(twice("x=1x12x1,groups=3,dtype=f64").at(1), 1);
}

// A copy has no error to allow for, and keeps what arithmetic would lose.
TEST(ChannelShuffle, EveryElementIsACopyWithoutAllowance) {
  const Problem problem = parse_problem("channel_shuffle.forward", "x=1x4x1,groups=2,dtype=f32");
  std::vector<Values> inputs{Values(DType::f32, {1, 4, 1})};
  inputs[0].set(1, -0.0);
  inputs[0].set(2, 0x1p-149);
  inputs[0].set(3, 3.0e38);
  const auto y = channel_shuffle_operator().tracked(problem, operands_of<Tracked>(inputs));
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_EQ(y->element(0, i).bound, 0);
  EXPECT_EQ(y->element(0, 1).value, 0x1p-149);
  EXPECT_TRUE(std::signbit(y->element(0, 2).value));
}

// With == a copy that loses the sign of a zero would pass.
TEST(ChannelShuffle, ALostSignOfZeroIsCaughtWhereThereIsOne) {
  for (const char* operation : {"channel_shuffle.forward", "channel_shuffle.backward"})
    for (const char* dtype : {"f32", "f16", "bf16"})
      for (const bool special : {false, true}) {
        const std::string label = std::string("x=2x12x8x8,groups=3,dtype=") + dtype + (special ? ",fill=special" : "");
        const std::vector<FaultTrial> trials =
            try_faults(channel_shuffle_operator(), parse_problem(operation, label), 1);
        const auto lost = std::find_if(trials.begin(), trials.end(),
                                       [](const FaultTrial& trial) { return trial.fault == "zero_sign_lost"; });
        ASSERT_NE(lost, trials.end());
        EXPECT_EQ(lost->applies, special) << operation << " " << label;
        EXPECT_EQ(lost->caught, special) << operation << " " << label;
      }
}

TEST(ChannelShuffle, RefusesAsPyTorchDoes) {
  const auto refusal = [](const char* label) {
    return refusal_of<ChannelShuffle>(parse_problem("channel_shuffle.forward", label));
  };
  EXPECT_EQ(refusal("x=1x7x4x4,groups=2"),
            "Number of channels must be divisible by groups. Got 7 channels and 2 groups.");
  EXPECT_EQ(refusal("x=1x8x4,groups=16"),
            "Number of channels must be divisible by groups. Got 8 channels and 16 groups.");
  EXPECT_EQ(refusal("x=1x7x4,groups=0"), "Number of groups to divide channels in must be positive. Value of groups:0");
  EXPECT_EQ(refusal("x=1x8x4,groups=_1"),
            "Number of groups to divide channels in must be positive. Value of groups:-1");
  EXPECT_EQ(refusal("x=2x7,groups=0"), "channel_shuffle expects input with > 2 dims, but got input with sizes [2, 7]");
  EXPECT_EQ(refusal("x=scalar,groups=1"), "channel_shuffle expects input with > 2 dims, but got input with sizes []");
  for (const char* label : {"x=0x8x4,groups=2", "x=2x0x4,groups=2", "x=2x8x0,groups=2"})
    EXPECT_EQ(refusal(label), "accepted");
}

TEST(ChannelShuffle, MissingGroupsIsAnError) {
  EXPECT_THROW(ChannelShuffle{parse_problem("channel_shuffle.forward", "x=1x8x4")}, Error);
}

}  // namespace
}  // namespace lockstep
