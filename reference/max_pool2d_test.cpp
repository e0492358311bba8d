// SPDX-License-Identifier: Apache-2.0
#include "reference/max_pool2d.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/data/error.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNaN = std::nan("");

struct Pooled {
  std::vector<double> y, indices;
};

/// Pools a row given as x of shape 1x1xN, so that windows can be read off.
Pooled pool_row(std::initializer_list<double> elements, const std::string& parameters) {
  const auto width = static_cast<std::int64_t>(elements.size());
  const Problem problem = parse_problem("max_pool2d.forward", "x=1x1x" + std::to_string(width) + "," + parameters);
  const std::vector<Values> inputs{tensor({1, 1, width}, elements)};
  const auto forward = max_pool2d_operator().in_double(problem, operands_of<double>(inputs));
  Pooled pooled;
  for (std::int64_t i = 0; i < element_count(MaxPool2d(problem).output_shape); ++i) {
    pooled.y.push_back(forward->element(0, i));
    pooled.indices.push_back(forward->element(1, i));
  }
  return pooled;
}

std::vector<double> gradient_of_row(std::initializer_list<double> elements, std::initializer_list<double> g,
                                    const std::string& parameters) {
  const auto width = static_cast<std::int64_t>(elements.size()), outputs = static_cast<std::int64_t>(g.size());
  const Problem problem = parse_problem("max_pool2d.backward", "x=1x1x" + std::to_string(width) + "," + parameters);
  std::vector<Values> inputs{tensor({1, 1, width}, elements), Values(DType::i64, {1, 1, outputs}),
                             tensor({1, 1, outputs}, g)};
  max_pool2d_operator().derive_saved(problem, inputs);
  const auto backward = max_pool2d_operator().in_double(problem, operands_of<double>(inputs));
  std::vector<double> d_x;
  for (std::int64_t i = 0; i < width; ++i) d_x.push_back(backward->element(0, i));
  return d_x;
}

using Numbers = std::vector<double>;

TEST(MaxPool2d, TakesTheMaximumOfEachWindow) {
  const Pooled pooled = pool_row({1, 5, 2, 4, 3, 9}, "kernel_size=1x2");
  EXPECT_EQ(pooled.y, (Numbers{5, 4, 9}));
  EXPECT_EQ(pooled.indices, (Numbers{1, 3, 5}));
}

TEST(MaxPool2d, CountsTheIndexThroughOnePlane) {
  const Problem problem = parse_problem("max_pool2d.forward", "x=1x2x2x2,kernel_size=2");
  const std::vector<Values> inputs{tensor({1, 2, 2, 2}, {1, 2, 4, 3, 5, 8, 6, 7})};
  const auto forward = max_pool2d_operator().in_double(problem, operands_of<double>(inputs));
  EXPECT_EQ(forward->element(0, 0), 4);
  EXPECT_EQ(forward->element(1, 0), 2);
  EXPECT_EQ(forward->element(0, 1), 8);
  EXPECT_EQ(forward->element(1, 1), 1);
}

TEST(MaxPool2d, TheFirstOfEqualsAndTheLastNaNWin) {
  EXPECT_EQ(pool_row({2, 7, 7}, "kernel_size=1x3").indices, (Numbers{1}));
  const Pooled pooled = pool_row({1, kNaN, 2, kNaN, kInfinity}, "kernel_size=1x5");
  EXPECT_TRUE(std::isnan(pooled.y[0]));
  EXPECT_EQ(pooled.indices, (Numbers{3}));
}

TEST(MaxPool2d, PaddingIsMinusInfinity) {
  const Pooled pooled = pool_row({-3, -1, -2}, "kernel_size=1x3,stride=2,padding=0x1");
  EXPECT_EQ(pooled.y, (Numbers{-1, -1}));
  EXPECT_EQ(pooled.indices, (Numbers{1, 1}));
  EXPECT_EQ(pool_row({-kInfinity, -kInfinity}, "kernel_size=1x2").indices, (Numbers{0}));
}

TEST(MaxPool2d, DilationSkips) {
  const Pooled pooled = pool_row({1, 9, 3, 8, 2}, "kernel_size=1x3,stride=1,dilation=2");
  EXPECT_EQ(pooled.y, (Numbers{3}));
  EXPECT_EQ(pooled.indices, (Numbers{2}));
}

// Window 0 covers positions -1 and 2 of a row of 2.
TEST(MaxPool2d, AWindowWithoutElementsPointsBehindThePlane) {
  const Pooled pooled = pool_row({4, 5}, "kernel_size=1x2,stride=1,padding=0x1,dilation=3");
  EXPECT_EQ(pooled.y, (Numbers{-kInfinity}));
  EXPECT_EQ(pooled.indices, (Numbers{2}));
  EXPECT_EQ(gradient_of_row({4, 5}, {7}, "kernel_size=1x2,stride=1,padding=0x1,dilation=3"), (Numbers{0, 0}));
}

TEST(MaxPool2d, CeilModeKeepsTheLastPartialWindowThatBeginsInside) {
  EXPECT_EQ(pool_row({1, 2, 3, 4, 5}, "kernel_size=1x2").y, (Numbers{2, 4}));
  EXPECT_EQ(pool_row({1, 2, 3, 4, 5}, "kernel_size=1x2,ceil_mode=true").y, (Numbers{2, 4, 5}));
  // The third window would begin at 6, behind the input.
  EXPECT_EQ(pool_row({1, 2, 3, 4, 5, 6}, "kernel_size=1x2,stride=1x3,ceil_mode=true").y, (Numbers{2, 5}));
}

TEST(MaxPool2d, GradientsOfOverlappingWindowsAddUp) {
  EXPECT_EQ(gradient_of_row({1, 9, 2, 3}, {10, 20, 30}, "kernel_size=1x2,stride=1"), (Numbers{0, 30, 0, 30}));
  EXPECT_EQ(gradient_of_row({7, 7, 7}, {1, 2}, "kernel_size=1x2,stride=1"), (Numbers{1, 2, 0}));
  EXPECT_EQ(gradient_of_row({kNaN, 1, kNaN, 2}, {3, 5}, "kernel_size=1x3,stride=1"), (Numbers{0, 0, 8, 0}));
}

TEST(MaxPool2d, BackwardIsTheDerivative) {
  for (const char* label :
       {"x=2x3x9x8,kernel_size=3,stride=2,padding=1", "x=2x7x7,kernel_size=3x2,stride=1x2,dilation=2x1",
        "x=1x2x6x9,kernel_size=3x2,stride=2x1,padding=1", "x=1x1x5x5,kernel_size=2,ceil_mode=true"})
    EXPECT_LT(gradient_discrepancy(max_pool2d_operator(), parse_problem("max_pool2d.backward", label), 3), 1e-12)
        << label;
}

std::string refusal(const std::string& label) {
  return refusal_of<MaxPool2d>(parse_problem("max_pool2d.forward", label));
}

TEST(MaxPool2d, RefusesAsPyTorchDoes) {
  EXPECT_EQ(refusal("x=4x4,kernel_size=2"), "non-empty 3D or 4D (batch mode) tensor expected for input");
  EXPECT_EQ(refusal("x=1x1x4x4,kernel_size=2,padding=2"),
            "pad should be at most half of kernel size, but got pad=2 and kernel_size=2");
  EXPECT_EQ(refusal("x=1x1x4x4,kernel_size=2,padding=_1"), "pad must be non-negative, but got pad: -1");
  EXPECT_EQ(refusal("x=1x1x4x4,kernel_size=2,stride=0"), "stride should not be zero");
  EXPECT_EQ(refusal("x=1x1x4x4,kernel_size=2,stride=_1"), "stride should be greater than zero, but got dH: -1 dW: -1");
  EXPECT_EQ(refusal("x=1x1x4x4,kernel_size=0x1,stride=1"),
            "kernel size should be greater than zero, but got kH: 0 kW: 1");
  EXPECT_EQ(refusal("x=1x1x4x4,kernel_size=2,dilation=0"),
            "dilation should be greater than zero, but got dilationH: 0 dilationW: 0");
  EXPECT_EQ(refusal("x=1x1x4x4,kernel_size=1x2x3"),
            "max_pool2d: kernel_size must either be a single int, or a tuple of two ints");
  EXPECT_EQ(refusal("x=2x0x4x4,kernel_size=2"),
            "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:[2, 0, 4, 4]");
  EXPECT_EQ(refusal("x=1x3x2x2,kernel_size=3"),
            "Given input size: (3x2x2). Calculated output size: (3x0x0). Output size is too small");
  EXPECT_EQ(refusal("x=0x3x4x4,kernel_size=2,stride=none"), "accepted");
  EXPECT_EQ(refusal("x=3x4x4,kernel_size=2,stride=empty"), "accepted");
}

}  // namespace
}  // namespace lockstep
