// SPDX-License-Identifier: Apache-2.0
#include "reference/cross_entropy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "harness/data/error.hpp"
#include "harness/plan/case_inputs.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kLn2 = std::numbers::ln2, kLn3 = std::log(3.0);

Values classes(Shape shape, std::initializer_list<double> elements) {
  return tensor(std::move(shape), elements, DType::i64);
}

std::vector<double> all(const char* direction, const std::string& label, const std::vector<Values>& inputs,
                        std::size_t output = 0) {
  return elements(cross_entropy_operator(), std::string("cross_entropy.") + direction, label + ",dtype=f64", inputs,
                  output);
}

void expect_near(const std::vector<double>& got, const std::vector<double>& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-14) << i;
}

// Probabilities 1/4, 3/4 and 1/2, 1/2.
Values two_rows() { return tensor({2, 2}, {0, kLn3, 5, 5}); }

TEST(CrossEntropy, IsMinusTheLogarithmOfTheTargetsProbability) {
  const std::vector<Values> inputs{two_rows(), classes({2}, {0, 1})};
  expect_near(all("forward", "input=2x2,reduction=none", inputs), {2 * kLn2, kLn2});
  expect_near(all("forward", "input=2x2,reduction=sum", inputs), {3 * kLn2});
  expect_near(all("forward", "input=2x2", inputs), {1.5 * kLn2});
}

TEST(CrossEntropy, GradientIsProbabilityLessTarget) {
  expect_near(all("backward", "input=2x2", {two_rows(), classes({2}, {0, 1}), tensor({}, {2})}),
              {-0.75, 0.75, 0.5, -0.5});
  expect_near(all("backward", "input=2x2,reduction=none", {two_rows(), classes({2}, {0, 1}), tensor({2}, {4, 10})}),
              {-3, 3, 5, -5});
}

TEST(CrossEntropy, ClassesAreTheSecondAxisAndTheOnlyOne) {
  // Positions next to each other: class 0 of both, then class 1 of both.
  const std::vector<Values> spatial{tensor({1, 2, 2}, {0, 5, kLn3, 5}), classes({1, 2}, {1, 0})};
  expect_near(all("forward", "input=1x2x2,reduction=none", spatial), {2 * kLn2 - kLn3, kLn2});
  expect_near(all("forward", "input=2", {tensor({2}, {0, kLn3}), classes({}, {0})}), {2 * kLn2});
}

TEST(CrossEntropy, TheMeanDividesByTheWeightsOfKeptRows) {
  const std::vector<Values> inputs{two_rows(), classes({2}, {0, 1}), tensor({2}, {3, 1})};
  expect_near(all("forward", "input=2x2,weight=2", inputs), {(3 * 2 * kLn2 + kLn2) / 4});
  const std::vector<Values> ignoring{two_rows(), classes({2}, {-100, 1}), tensor({2}, {3, 5})};
  expect_near(all("forward", "input=2x2,weight=2", ignoring), {kLn2});
  expect_near(all("forward", "input=2x2,weight=2,reduction=none", ignoring), {0, 5 * kLn2});
}

TEST(CrossEntropy, AllIgnoredIsNaNWithoutAGradient) {
  const Values targets = classes({2}, {1, 1});
  EXPECT_TRUE(std::isnan(all("forward", "input=2x2,ignore_index=1", {two_rows(), targets})[0]));
  expect_near(all("forward", "input=2x2,ignore_index=1,reduction=sum", {two_rows(), targets}), {0});
  expect_near(all("backward", "input=2x2,ignore_index=1", {two_rows(), targets, tensor({}, {1})}), {0, 0, 0, 0});
}

// (1 - e) of the target's and e / C of every class's surprise, each with its weight; the divisor knows no smoothing.
TEST(CrossEntropy, SmoothingMixesInEveryClass) {
  const std::vector<Values> inputs{tensor({1, 2}, {0, kLn3}), classes({1}, {0}), tensor({2}, {3, 1})};
  const double rare = 2 * kLn2, common = 2 * kLn2 - kLn3;
  expect_near(all("forward", "input=1x2,label_smoothing=0.5", inputs), {0.75 * rare + 0.25 * common});
  expect_near(all("forward", "input=1x2,weight=2,label_smoothing=0.5,reduction=sum", inputs),
              {0.75 * 3 * rare + 0.25 * common});
  expect_near(all("forward", "input=1x2,weight=2,label_smoothing=0.5", inputs),
              {(0.75 * 3 * rare + 0.25 * common) / 3});
  expect_near(all("forward", "input=1x2,label_smoothing=_0.5", inputs), {rare});
}

TEST(CrossEntropy, ProbabilitiesAsTargets) {
  const Values logits = two_rows(), shares = tensor({2, 2}, {1, 0, 0.25, 0.75}), weight = tensor({2}, {3, 1});
  const std::string label = "input=2x2,target=2x2";
  expect_near(all("forward", label + ",reduction=none", {logits, shares}), {2 * kLn2, kLn2});
  expect_near(all("forward", label + ",weight=2", {logits, shares, weight}), {(6 * kLn2 + 1.5 * kLn2) / 2});
  expect_near(all("backward", label + ",weight=2", {logits, shares, weight, tensor({}, {2})}, 1),
              {6 * kLn2, 2 * kLn2 - kLn3, 3 * kLn2, kLn2});
  expect_near(all("backward", label + ",reduction=sum", {logits, shares, tensor({}, {1})}), {-0.75, 0.75, 0.25, -0.25});
}

TEST(CrossEntropy, InfinitiesGiveWhatPyTorchGives) {
  const Values logits = tensor({1, 3}, {0, 0, -kInfinity}), g = tensor({}, {1});
  expect_near(all("forward", "input=1x3", {logits, classes({1}, {0})}), {kLn2});
  expect_near(all("backward", "input=1x3", {logits, classes({1}, {0}), g}), {-0.5, 0.5, 0});
  expect_near(all("backward", "input=1x3", {logits, classes({1}, {2}), g}), {0.5, 0.5, -1});
  EXPECT_EQ(all("forward", "input=1x3", {logits, classes({1}, {2})})[0], kInfinity);
  EXPECT_EQ(all("forward", "input=1x3,label_smoothing=0.1", {logits, classes({1}, {0})})[0], kInfinity);
  for (const double spoiling : {kInfinity, std::nan("")}) {
    const Values spoiled = tensor({1, 3}, {0, spoiling, 1});
    EXPECT_TRUE(std::isnan(all("forward", "input=1x3", {spoiled, classes({1}, {0})})[0]));
    EXPECT_TRUE(std::isnan(all("backward", "input=1x3", {spoiled, classes({1}, {0}), g})[2]));
  }
}

// PyTorch's backward multiplies the softmax of an ignored row by 0; its forward does not look at the row.
TEST(CrossEntropy, AnIgnoredRowWithoutASoftmaxHasNoGradient) {
  const auto backward = [](std::initializer_list<double> logits, const char* more) {
    return all("backward", std::string("input=2x3,ignore_index=1") + more,
               {tensor({2, 3}, logits), classes({2}, {1, 0}), tensor({}, {1})});
  };
  for (const char* more : {"", ",label_smoothing=0.1", ",reduction=sum"}) {
    for (const double spoiling : {kInfinity, std::nan("")}) {
      const std::vector<double> gradient = backward({0, spoiling, 1, 0, 0, 0}, more);
      for (int i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(gradient[static_cast<std::size_t>(i)])) << more << i;
      for (int i = 3; i < 6; ++i) EXPECT_TRUE(std::isfinite(gradient[static_cast<std::size_t>(i)])) << more << i;
    }
    EXPECT_TRUE(std::isnan(backward({-kInfinity, -kInfinity, -kInfinity, 0, 0, 0}, more)[1]));
    EXPECT_EQ(backward({0, -kInfinity, 1, 0, 0, 0}, more)[1], 0);
  }
  EXPECT_TRUE(std::isfinite(all("forward", "input=2x3,ignore_index=1",
                                {tensor({2, 3}, {kInfinity, 0, 0, 0, 0, 0}), classes({2}, {1, 0})})[0]));
}

TEST(CrossEntropy, BackwardIsTheDerivativeOfTheForward) {
  for (const char* label :
       {"input=4x5", "input=5", "input=3x4x2x3,reduction=none", "input=6x7,weight=7,ignore_index=2",
        "input=6x7,weight=7,label_smoothing=0.2", "input=6x7,ignore_index=2,label_smoothing=0.1,reduction=sum",
        "input=4x5,target=4x5", "input=3x4x2,target=3x4x2,weight=4,label_smoothing=0.2",
        "input=5,target=5,reduction=none"}) {
    const Problem problem = parse_problem("cross_entropy.backward", label);
    EXPECT_LT(gradient_discrepancy(cross_entropy_operator(), problem, 3), 1e-12) << label;
    EXPECT_LT(second_gradient_discrepancy(cross_entropy_operator(), problem, 4), 1e-12) << label;
  }
}

std::string refusal(const char* label, std::initializer_list<double> targets = {}) {
  const Problem problem = parse_problem("cross_entropy.forward", label);
  try {
    const Signature signature = cross_entropy_operator().signature(problem);
    std::vector<Values> inputs = draw_inputs(cross_entropy_operator(), problem, signature, 1);
    if (targets.size() > 0) inputs[1] = classes(inputs[1].shape(), targets);
    cross_entropy_operator().check_inputs(problem, inputs);
  } catch (const Refused& refused) {
    return refused.what();
  }
  return "accepted";
}

TEST(CrossEntropy, RefusesShapesAsPyTorchDoes) {
  EXPECT_EQ(refusal("input=3x5,target=4"), "Expected input batch_size (3) to match target batch_size (4).");
  EXPECT_EQ(refusal("input=3x5,target=scalar"), "Expected input batch_size (3) to match target batch_size (0).");
  EXPECT_EQ(refusal("input=5,target=1"), "size mismatch (got input: [5], target: [1])");
  EXPECT_EQ(refusal("input=3x5,target=3x1"), "0D or 1D target tensor expected, multi-target not supported");
  EXPECT_EQ(refusal("input=3x5x2,target=3x3"), "Expected target size [3, 2], got [3, 3]");
  EXPECT_EQ(refusal("input=3x5x2x4,target=3x2"),
            "only batches of spatial targets supported (3D tensors) but got targets of dimension: 2");
  EXPECT_EQ(refusal("input=3x5x2x4,target=3x2x3"), "size mismatch (got input: [3, 5, 2, 4] , target: [3, 2, 3]");
  EXPECT_EQ(
      refusal("input=3x5,weight=4"),
      "weight tensor should be defined either for all 5 classes or no classes but got weight tensor of shape: [4]");
  EXPECT_EQ(refusal("input=3x5x2,weight=4"), "weight tensor should be defined either for all or no classes");
  EXPECT_EQ(
      refusal("input=3x5,target=3x5,weight=4"),
      "cross_entropy: weight tensor should be defined either for all 5 classes or no classes but got weight tensor "
      "of shape: [4]");
  EXPECT_EQ(refusal("input=3x5,target=3"), "accepted");
}

TEST(CrossEntropy, RefusesParametersAndTargetsAsPyTorchDoes) {
  EXPECT_EQ(refusal("input=3x5,label_smoothing=1.5"), "label_smoothing must be between 0.0 and 1.0. Got: 1.5");
  EXPECT_EQ(refusal("input=3x5,reduction=avg"), "avg is not a valid value for reduction");
  EXPECT_EQ(refusal("input=3x5,target=3x5,ignore_index=2"), "ignore_index is not supported for floating point target");
  EXPECT_EQ(refusal("input=3x4", {0, 4, 1}), "Target 4 is out of bounds.");
  EXPECT_EQ(refusal("input=3x4", {0, -1, 1}), "Target -1 is out of bounds.");
  EXPECT_EQ(refusal("input=3x0"), "Target 0 is out of bounds.");
  EXPECT_EQ(refusal("input=0x0"), "accepted");
  EXPECT_EQ(refusal("input=3x4,ignore_index=_1", {0, -1, 1}), "accepted");
  EXPECT_EQ(refusal("input=3x4,ignore_index=9", {0, 9, -100}), "Target -100 is out of bounds.");
}

TEST(CrossEntropy, FaultsChangeTheAnswer) {
  for (const char* operation : {"cross_entropy.forward", "cross_entropy.backward"})
    for (const char* label : {"input=4x3x2,weight=3,label_smoothing=0.3,ignore_index=1",
                              "input=4x3x2,target=4x3x2,weight=3,label_smoothing=0.3", "input=6x3,ignore_index=7"}) {
      const Problem problem = parse_problem(operation, label);
      const Signature signature = cross_entropy_operator().signature(problem);
      std::vector<Values> inputs = draw_inputs(cross_entropy_operator(), problem, signature, 6);
      for (std::int64_t i = 0; i < inputs[0].count(); ++i)
        inputs[0].set(i, inputs[0][i] + 100);                                        // e^100 overflows float
      if (inputs[1].dtype() == DType::i64) inputs[1].set(inputs[1].count() - 1, 0);  // a last row that counts
      const auto right = cross_entropy_operator().in_double(problem, operands_of<double>(inputs));
      for (const Fault& fault : cross_entropy_operator().faults(problem)) {
        const auto wrong = fault.wrong(problem, inputs);
        if (!wrong) continue;
        bool differs = false;
        for (std::size_t output = 0; output < signature.outputs.size(); ++output)
          for (std::int64_t i = 0; i < element_count(signature.outputs[output].shape); ++i)
            differs = differs || !(std::abs(wrong->element(output, i) - right->element(output, i)) < 1e-9);
        EXPECT_TRUE(differs) << fault.id << ' ' << label;
      }
    }
}

}  // namespace
}  // namespace lockstep
