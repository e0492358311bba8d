// SPDX-License-Identifier: Apache-2.0
#include "reference/conv2d.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/data/error.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

std::vector<double> results(const char* operation, const char* label, const std::vector<Values>& inputs,
                            std::size_t output, std::int64_t count) {
  const Problem problem = parse_problem(operation, label);
  return elements(*conv2d_operator().in_double(problem, operands_of<double>(inputs)), output, count);
}

using Numbers = std::vector<double>;

// The kernel [[1, 2], [3, 4]] slides over 0..8 in three rows: 0 + 2 + 9 + 16 = 27 and so on, plus 100.
TEST(Conv2d, SlidesTheKernelWithoutFlippingIt) {
  const Values x = tensor({1, 1, 3, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8}), weight = tensor({1, 1, 2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(results("conv2d.forward", "x=1x1x3x3,weight=1x1x2x2,dtype=f64", {x, weight, tensor({1}, {100})}, 0, 4),
            (Numbers{127, 137, 157, 167}));
}

TEST(Conv2d, BackwardOfTheSameLayer) {
  const std::vector<Values> inputs{tensor({1, 1, 3, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8}),
                                   tensor({1, 1, 2, 2}, {1, 2, 3, 4}), tensor({1, 1, 2, 2}, {1, 10, 100, 1000})};
  const char* const label = "x=1x1x3x3,weight=1x1x2x2,dtype=f64";
  EXPECT_EQ(results("conv2d.backward", label, inputs, 0, 9), (Numbers{1, 12, 20, 103, 1234, 2040, 300, 3400, 4000}));
  EXPECT_EQ(results("conv2d.backward", label, inputs, 1, 4), (Numbers{4310, 5421, 7643, 8754}));
  EXPECT_EQ(results("conv2d.backward", label, inputs, 2, 1), (Numbers{1111}));
}

// One row 1..5 with a zero in front: windows of elements 2 apart, every 2.
TEST(Conv2d, StrideDilationAndPaddingByAxis) {
  const Values x = tensor({1, 1, 1, 5}, {1, 2, 3, 4, 5}), weight = tensor({1, 1, 1, 2}, {1, 10});
  EXPECT_EQ(
      results("conv2d.forward", "x=1x1x1x5,weight=1x1x1x2,stride=3x2,padding=0x1,dilation=1x2,bias=false,dtype=f64",
              {x, weight}, 0, 3),
      (Numbers{20, 42, 4}));
}

// `same` puts the odd zero at the end.
TEST(Conv2d, PaddingByWords) {
  const Values x = tensor({1, 1, 3}, {1, 2, 3}), weight = tensor({1, 1, 1, 2}, {1, 10});
  EXPECT_EQ(results("conv2d.forward", "x=1x1x3,weight=1x1x1x2,padding=same,bias=false,dtype=f64", {x, weight}, 0, 3),
            (Numbers{21, 32, 3}));
  EXPECT_EQ(results("conv2d.forward", "x=1x1x3,weight=1x1x1x2,padding=valid,bias=false,dtype=f64", {x, weight}, 0, 2),
            (Numbers{21, 32}));
}

TEST(Conv2d, GroupsReadTheirOwnChannels) {
  const Values x = tensor({1, 2, 1, 1}, {3, 5}), weight = tensor({4, 1, 1, 1}, {1, 10, 100, 1000});
  EXPECT_EQ(results("conv2d.forward", "x=1x2x1x1,weight=4x1x1x1,groups=2,bias=false,dtype=f64", {x, weight}, 0, 4),
            (Numbers{3, 30, 500, 5000}));
}

TEST(Conv2d, PaddingTimesInfinityIsNoNumber) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Values x = tensor({1, 1, 1}, {1}), weight = tensor({1, 1, 1, 3}, {infinity, 1, 1});
  const char* const label = "x=1x1x1,weight=1x1x1x3,padding=0x1,bias=false,dtype=f64";
  EXPECT_TRUE(std::isnan(results("conv2d.forward", label, {x, weight}, 0, 1)[0]));
  const Numbers d_weight = results("conv2d.backward", label, {x, weight, tensor({1, 1, 1}, {infinity})}, 1, 3);
  EXPECT_TRUE(std::isnan(d_weight[0]));
  EXPECT_EQ(d_weight[1], infinity);
}

TEST(Conv2d, Sizes) {
  const auto y_shape = [](const char* label) { return Conv2d(parse_problem("conv2d.forward", label)).y_shape; };
  EXPECT_EQ(y_shape("x=2x3x224x224,weight=64x3x7x7,stride=2,padding=3"), (Shape{2, 64, 112, 112}));
  EXPECT_EQ(y_shape("x=3x9x11,weight=5x3x3x2,stride=2x3,padding=1x0,dilation=2x1"), (Shape{5, 4, 4}));
  EXPECT_EQ(y_shape("x=1x3x4x4,weight=2x3x2x4,padding=same"), (Shape{1, 2, 4, 4}));
  EXPECT_EQ(y_shape("x=1x3x4x4,weight=2x3x2x3,padding=same,dilation=3x2"), (Shape{1, 2, 4, 4}));
  EXPECT_EQ(y_shape("x=0x3x4x4,weight=2x3x3x3"), (Shape{0, 2, 2, 2}));
  EXPECT_EQ(y_shape("x=1x0x4x4,weight=2x0x3x3"), (Shape{1, 0, 2, 2}));
}

TEST(Conv2d, GradientsAreDerivatives) {
  for (const char* label :
       {"x=2x3x5x4,weight=4x3x3x2", "x=2x4x5x6,weight=6x2x3x3,groups=2,padding=1,bias=false",
        "x=3x7x8,weight=5x3x3x2,stride=2x3,padding=2x1,dilation=2x1", "x=2x3x4x5,weight=6x1x2x2,groups=3,padding=same",
        "x=0x3x4x4,weight=2x3x3x3", "x=2x2x3x3,weight=2x2x1x1,stride=2"})
    for (const std::uint64_t seed : {1, 2}) {
      const Problem problem = parse_problem("conv2d.backward", label);
      EXPECT_LT(gradient_discrepancy(conv2d_operator(), problem, seed), 1e-12) << label;
      EXPECT_LT(second_gradient_discrepancy(conv2d_operator(), problem, seed), 1e-12) << label;
    }
}

// Zeros of the padding are no terms: a corner of a 3 x 3 window has 4 products, and u = 2^-24 for each.
TEST(Conv2d, BoundCountsTheProductsInside) {
  const Problem problem = parse_problem("conv2d.forward", "x=1x1x2x2,weight=1x1x3x3,padding=1,bias=false");
  Values ones(DType::f32, {1, 1, 3, 3});
  for (std::int64_t i = 0; i < 9; ++i) ones.set(i, 1);
  const std::vector<Values> inputs{tensor({1, 1, 2, 2}, {1, 1, 1, 1}).rounded_to(DType::f32), ones};
  const Tracked y = conv2d_operator().tracked(problem, operands_of<Tracked>(inputs))->element(0, 0);
  EXPECT_EQ(y.value, 4);
  EXPECT_NEAR(y.bound, 4 * 4 * 0x1p-24, 1e-12);
}

TEST(Conv2d, FloatsAndDoublesAreGatheredAlike) {
  const Problem problem = parse_problem("conv2d.forward", "x=1x2x3x3,weight=1x2x3x3,padding=1,bias=false");
  Values x(DType::f64, {1, 2, 3, 3}), weight(DType::f64, {1, 2, 3, 3});
  for (std::int64_t i = 0; i < 18; ++i) {
    x.set(i, static_cast<double>(i % 5) - 2);
    weight.set(i, static_cast<double>(i % 7) - 3);
  }
  const std::vector<Values> wide{x, weight}, narrow{x.rounded_to(DType::f32), weight.rounded_to(DType::f32)};
  EXPECT_EQ(elements(*conv2d_operator().in_double(problem, operands_of<double>(wide)), 0, 9),
            elements(*conv2d_operator().in_double(problem, operands_of<double>(narrow)), 0, 9));
}

std::string refusal(const char* label, const Shape* bias = nullptr) {
  Problem problem = parse_problem("conv2d.forward", label);
  if (bias) problem.set_shape("bias", *bias);
  return refusal_of<Conv2d>(problem);
}

TEST(Conv2d, RefusesShapesAsPyTorchDoes) {
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x4x3x3"),
            "Given groups=1, weight of size [2, 4, 3, 3], expected input[1, 3, 4, 4] to have 4 channels, but got 3 "
            "channels instead");
  EXPECT_EQ(refusal("x=3x4x4,weight=2x4x2x2,padding=same"),
            "Given groups=1, weight of size [2, 4, 2, 2], expected input[1, 3, 5, 5] to have 4 channels, but got 3 "
            "channels instead");
  EXPECT_EQ(refusal("x=3x4,weight=2x3x3x3"),
            "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [3, 4]");
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x3"), "weight should have at least three dimensions");
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x3x3"),
            "Expected 3-dimensional input for 3-dimensional weight [2, 3, 3], but got 4-dimensional input of size [1, "
            "3, 4, 4] instead");
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x3x5x3"),
            "Calculated padded input size per channel: (4 x 4). Kernel size: (5 x 3). Kernel size can't be greater "
            "than actual input size");
  EXPECT_EQ(refusal("x=1x3x0x4,weight=2x3x3x3,padding=2"),
            "Only zero batch or zero channel inputs are supported, but got input shape: [1, 3, 0, 4]");
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x3x0x3"),
            "kernel size should be greater than zero, but got kernel_height: 0 kernel_width: 3");
  const Shape three{3};
  EXPECT_EQ(
      refusal("x=1x3x4x4,weight=2x3x3x3", &three),
      "Given weight of size [2, 3, 3, 3], expected bias to be 1-dimensional with 2 elements, but got bias of size "
      "[3] instead");
}

TEST(Conv2d, RefusesParametersAsPyTorchDoes) {
  EXPECT_EQ(refusal("x=1x4x4x4,weight=3x2x3x3,groups=2"),
            "Given groups=2, expected weight to be divisible by 2 at dimension 0, but got weight of size [[3, 2, 3, "
            "3]] instead");
  EXPECT_EQ(refusal("x=1x4x4x4,weight=1x2x3x3,groups=2"),
            "Given groups=2, expected weight to be at least 2 at dimension 0, but got weight of size [1, 2, 3, 3] "
            "instead");
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x3x3x3,groups=0"), "non-positive groups is not supported");
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x3x3x3,stride=1x_1"), "non-positive stride is not supported");
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x3x3x3,padding=_1"), "negative padding is not supported");
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x3x3x3,dilation=0"), "dilation should be greater than zero, but got [0, 0]");
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x3x3x3,stride=1x1x1"),
            "expected stride to be a single integer value or a list of 2 values to match the convolution dimensions, "
            "but got stride=[1, 1, 1]");
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x3x3x3,padding=same,stride=1x2"),
            "padding='same' is not supported for strided convolutions");
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x3x3x3,padding=same,dilation=1x1x1"),
            "dilation cannot broadcast to 2 dimensions");
  EXPECT_EQ(refusal("x=1x3x4x4,weight=2x3x3x3,padding=full"), "Invalid padding string: 'full'");
}

TEST(Conv2d, FaultsChangeTheAnswer) {
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    Problem problem =
        parse_problem("conv2d.forward", "x=2x2x5x5,weight=4x1x3x2,groups=2,stride=2x1,padding=1x0,dilation=1x2");
    problem.direction = direction;
    const Conv2d op(problem);
    std::vector<Values> inputs;
    std::int64_t next = 0;
    for (const TensorSpec& spec : conv2d_operator().signature(problem).inputs) {
      Values values(DType::f64, spec.shape);
      for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, static_cast<double>(next++ * 7 % 11) - 4);
      inputs.push_back(std::move(values));
    }
    for (const Fault& fault : conv2d_operator().faults(problem)) {
      const auto right = conv2d_operator().in_double(problem, operands_of<double>(inputs));
      const auto wrong = fault.wrong(problem, inputs);
      ASSERT_TRUE(wrong) << fault.id;
      bool differs = false;
      const auto outputs = conv2d_operator().signature(problem).outputs;
      for (std::size_t output = 0; output < outputs.size(); ++output) {
        const std::int64_t count = element_count(outputs[output].shape);
        differs = differs || elements(*right, output, count) != elements(*wrong, output, count);
      }
      EXPECT_EQ(differs, fault.id != "tf32_operands") << fault.id;  // small integers are tf32 numbers
    }
  }
}

}  // namespace
}  // namespace lockstep
