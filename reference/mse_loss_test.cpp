// SPDX-License-Identifier: Apache-2.0
#include "reference/mse_loss.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/data/error.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

using ::testing::ElementsAre;

std::vector<double> all(const char* operation, const char* label, const std::vector<Values>& inputs,
                        std::size_t output = 0) {
  return elements(mse_loss_operator(), operation, label, inputs, output);
}

// Differences 1, -2, 3, 0.
const std::vector<Values>& four() {
  static const std::vector<Values> inputs{tensor({2, 2}, {2, 0, 5, 7}), tensor({2, 2}, {1, 2, 2, 7})};
  return inputs;
}

std::vector<Values> four_with_gradient(Values gradient) {
  std::vector<Values> inputs = four();
  inputs.push_back(std::move(gradient));
  return inputs;
}

TEST(MseLoss, ReducesAsItIsTold) {
  EXPECT_THAT(all("mse_loss.forward", "input=2x2,target=2x2,reduction=none", four()), ElementsAre(1, 4, 9, 0));
  EXPECT_THAT(all("mse_loss.forward", "input=2x2,target=2x2,reduction=sum", four()), ElementsAre(14));
  EXPECT_THAT(all("mse_loss.forward", "input=2x2,target=2x2", four()), ElementsAre(3.5));
}

TEST(MseLoss, GradientsOfBothOperands) {
  const auto scalar = four_with_gradient(tensor({}, {2}));
  EXPECT_THAT(all("mse_loss.backward", "input=2x2,target=2x2", scalar, 0), ElementsAre(1, -2, 3, 0));
  EXPECT_THAT(all("mse_loss.backward", "input=2x2,target=2x2", scalar, 1), ElementsAre(-1, 2, -3, 0));
  EXPECT_THAT(all("mse_loss.backward", "input=2x2,target=2x2,reduction=sum", scalar, 0), ElementsAre(4, -8, 12, 0));
  const auto each = four_with_gradient(tensor({2, 2}, {1, 10, 100, 1000}));
  EXPECT_THAT(all("mse_loss.backward", "input=2x2,target=2x2,reduction=none", each, 0), ElementsAre(2, -40, 600, 0));
}

TEST(MseLoss, BroadcastsAndSumsTheGradientOverTheCopies) {
  const std::vector<Values> inputs{tensor({2, 2}, {1, 2, 3, 4}), tensor({2}, {0, 1}), tensor({}, {4})};
  EXPECT_THAT(all("mse_loss.forward", "input=2x2,target=2,reduction=none", inputs), ElementsAre(1, 1, 9, 9));
  EXPECT_THAT(all("mse_loss.backward", "input=2x2,target=2", inputs, 1), ElementsAre(-8, -8));
}

TEST(MseLoss, OfNothing) {
  const std::vector<Values> nothing{tensor({0, 3}, {}), tensor({0, 3}, {})};
  EXPECT_TRUE(std::isnan(all("mse_loss.forward", "input=0x3,target=0x3", nothing).at(0)));
  EXPECT_THAT(all("mse_loss.forward", "input=0x3,target=0x3,reduction=sum", nothing), ElementsAre(0));
  EXPECT_THAT(all("mse_loss.forward", "input=0x3,target=0x3,reduction=none", nothing), ElementsAre());
  const std::vector<Values> one{tensor({0, 3}, {}), tensor({1}, {5}), tensor({}, {1})};
  EXPECT_THAT(all("mse_loss.backward", "input=0x3,target=1", one, 1), ElementsAre(-0.0));
}

TEST(MseLoss, BackwardIsTheDerivativeOfTheForward) {
  for (const char* label :
       {"input=3x5,target=3x5", "input=3x5,target=3x5,reduction=sum", "input=3x5,target=3x5,reduction=none",
        "input=scalar,target=scalar", "input=4x1x3,target=5x1", "input=4x1x3,target=5x1,reduction=none",
        "input=2x3,target=scalar,reduction=sum"}) {
    const Problem problem = parse_problem("mse_loss.backward", label);
    EXPECT_LT(gradient_discrepancy(mse_loss_operator(), problem, 3), 1e-12) << label;
    EXPECT_LT(second_gradient_discrepancy(mse_loss_operator(), problem, 4), 1e-12) << label;
  }
}

TEST(MseLoss, RefusesAsPyTorchDoes) {
  const auto refusal = [](const char* label) { return refusal_of<MseLoss>(parse_problem("mse_loss.forward", label)); };
  EXPECT_EQ(refusal("input=3x4,target=5"),
            "The size of tensor a (4) must match the size of tensor b (5) at non-singleton dimension 1");
  EXPECT_EQ(refusal("input=3x4,target=3x4,reduction=avg"), "avg is not a valid value for reduction");
  EXPECT_EQ(refusal("input=1x4,target=3x1,reduction=elementwise_mean"), "accepted");
}

TEST(MseLoss, FaultsChangeTheAnswer) {
  for (const char* operation : {"mse_loss.forward", "mse_loss.backward"}) {
    const Problem problem = parse_problem(operation, "input=2x4,target=4");
    const std::vector<Values> inputs{tensor({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}), tensor({4}, {4, 1e8, 2, 2}),
                                     tensor({}, {3})};
    for (const Fault& fault : mse_loss_operator().faults(problem)) {
      const auto right = mse_loss_operator().in_double(problem, operands_of<double>(inputs));
      const auto wrong = fault.wrong(problem, inputs);
      ASSERT_TRUE(wrong) << fault.id;
      bool differs = false;
      for (std::size_t output = 0; output < mse_loss_operator().signature(problem).outputs.size(); ++output)
        differs = differs || wrong->element(output, 0) != right->element(output, 0);
      EXPECT_TRUE(differs) << fault.id;
    }
  }
}

}  // namespace
}  // namespace lockstep
