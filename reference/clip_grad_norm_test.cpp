// SPDX-License-Identifier: Apache-2.0
#include "reference/clip_grad_norm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/data/error.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Clipped {
  std::vector<double> elements;
  double total_norm = 0;
};

/// Each number is a gradient of one element.
Clipped clipped(const std::string& parameters, const std::vector<double>& gradients) {
  std::string label;
  std::vector<Values> inputs;
  for (const double gradient : gradients) {
    label += "grad" + std::to_string(inputs.size()) + "=1,";
    inputs.emplace_back(DType::f64, Shape{1});
    inputs.back().set(0, gradient);
  }
  const Problem problem = parse_problem("clip_grad_norm.forward", label + parameters + ",dtype=f64");
  clip_grad_norm_operator().check_inputs(problem, inputs);
  const auto out = clip_grad_norm_operator().in_double(problem, operands_of<double>(inputs));
  Clipped result;
  for (std::size_t k = 0; k < inputs.size(); ++k) result.elements.push_back(out->element(k, 0));
  result.total_norm = out->element(inputs.size(), 0);
  return result;
}

// PyTorch: a norm equal to max_norm still shrinks a little, for the 1e-6.
TEST(ClipGradNorm, ScalesToTheNorm) {
  const Clipped at_limit = clipped("max_norm=5", {3, 4});
  EXPECT_DOUBLE_EQ(at_limit.total_norm, 5);
  EXPECT_DOUBLE_EQ(at_limit.elements[0], 3 * (5 / 5.000001));
  EXPECT_EQ(clipped("max_norm=6", {3, 4}).elements[1], 4);
  EXPECT_NEAR(clipped("max_norm=0.5", {3, 4}).elements[1], 0.4, 1e-6);
}

TEST(ClipGradNorm, TakesAnyOrder) {
  const auto norm = [](const char* order) {
    return clipped(std::string("max_norm=1,norm_type=") + order, {2, -3, 0, 6}).total_norm;
  };
  EXPECT_EQ(norm("1"), 11);
  EXPECT_EQ(norm("2"), 7);
  EXPECT_NEAR(norm("3"), std::cbrt(8 + 27 + 216), 1e-14);
  EXPECT_NEAR(norm("0.5"), std::pow(std::sqrt(2) + std::sqrt(3) + std::sqrt(6), 2), 1e-13);
  EXPECT_EQ(norm("inf"), 6);
  EXPECT_EQ(norm("_inf"), 0);
  EXPECT_EQ(norm("0"), 3);
  EXPECT_EQ(norm("_1"), 0);  // 1 / (1/2 + 1/3 + 1/0 + 1/6)
  EXPECT_NEAR(clipped("max_norm=1,norm_type=_1", {2, -3, 6}).total_norm, 1, 1e-15);
}

TEST(ClipGradNorm, SpreadsWhatIsNotFinite) {
  const Clipped infinite = clipped("max_norm=1", {kInfinity, 2});
  EXPECT_TRUE(std::isnan(infinite.elements[0]));
  EXPECT_EQ(infinite.elements[1], 0);
  EXPECT_EQ(infinite.total_norm, kInfinity);
  for (const char* order : {"1", "2", "3", "inf"}) {
    const Clipped nan = clipped(std::string("max_norm=1,norm_type=") + order, {2, std::nan(""), 3});
    EXPECT_TRUE(std::isnan(nan.elements[0]) && std::isnan(nan.elements[2]) && std::isnan(nan.total_norm)) << order;
  }
}

TEST(ClipGradNorm, ErrorIfNonfiniteIsOffByDefault) {
  EXPECT_EQ(clipped("max_norm=1,error_if_nonfinite=true", {3, 4}).total_norm, 5);
  EXPECT_THROW(clipped("max_norm=1,error_if_nonfinite=true", {kInfinity}), Refused);
  EXPECT_THROW(clipped("max_norm=1,norm_type=inf,error_if_nonfinite=true", {std::nan("")}), Refused);
}

TEST(ClipGradNorm, TakesAnyMaximum) {
  EXPECT_EQ(clipped("max_norm=0", {3, 4}).elements[0], 0);
  EXPECT_LT(clipped("max_norm=_1", {3, 4}).elements[0], 0);
  EXPECT_EQ(clipped("max_norm=1", {}).total_norm, 0);
}

// PyTorch 1.13: the norm of nothing is 0, and a 0 among others is the norm of any order below 0.
TEST(ClipGradNorm, TakesEmptyTensorsAsZero) {
  for (const char* order : {"2", "_1", "_inf"}) {
    const Problem problem = parse_problem("clip_grad_norm.forward",
                                          std::string("grad0=1,grad1=0,max_norm=1,norm_type=") + order + ",dtype=f64");
    std::vector<Values> inputs{Values(DType::f64, {1}), Values(DType::f64, {0})};
    inputs[0].set(0, 3);
    const auto out = clip_grad_norm_operator().in_double(problem, operands_of<double>(inputs));
    EXPECT_EQ(out->element(2, 0), order[0] == '2' ? 3 : 0) << order;
  }
}

TEST(ClipGradNorm, RefusesWhatPyTorchRefuses) {
  const auto refused = [](const char* label) { ClipGradNorm{parse_problem("clip_grad_norm.forward", label)}; };
  EXPECT_THROW(refused("grad0=2"), Refused);
  EXPECT_THROW(refused("grad0=2,grad1=0x3,max_norm=1,norm_type=inf"), Refused);
  EXPECT_NO_THROW(refused("grad0=2,grad1=0x3,max_norm=1"));
}

}  // namespace
}  // namespace lockstep
