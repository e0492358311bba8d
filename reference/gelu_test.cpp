// SPDX-License-Identifier: Apache-2.0
#include "reference/gelu.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "harness/data/error.hpp"
#include "reference/gradient_check.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kUnit = 0x1p-24;

Values one(double x) {
  Values values(DType::f32, {1});
  values.set(0, x);
  return values;
}

Problem problem_of(Direction direction, const char* approximate) {
  return parse_problem("gelu." + std::string(name_of(direction)),
                       "x=1,approximate=" + std::string(approximate) + ",dtype=f32");
}

double value(const char* approximate, double x) {
  const std::vector<Values> inputs{one(x)};
  return gelu_operator()
      .in_double(problem_of(Direction::forward, approximate), operands_of<double>(inputs))
      ->element(0, 0);
}

double slope(const char* approximate, double x) {
  const std::vector<Values> inputs{one(x), one(1)};
  return gelu_operator()
      .in_double(problem_of(Direction::backward, approximate), operands_of<double>(inputs))
      ->element(0, 0);
}

Tracked tracked(Direction direction, const char* approximate, double x) {
  const PrecisionContract contract;
  const ContractScope scope(contract);
  std::vector<Values> inputs{one(x)};
  if (direction == Direction::backward) inputs.push_back(one(1));
  return gelu_operator().tracked(problem_of(direction, approximate), operands_of<Tracked>(inputs))->element(0, 0);
}

// x Phi(x) with Phi(1) = 0.841344746..., and the published difference of the two forms.
TEST(Gelu, HasTheValuesOfBothForms) {
  EXPECT_NEAR(value("none", 1), 0.8413447460685429, 1e-15);
  EXPECT_NEAR(value("none", -1), -0.15865525393145707, 1e-15);
  EXPECT_NEAR(value("tanh", 1), 0.8411919906082768, 1e-15);
  EXPECT_EQ(value("none", 0), 0);
  EXPECT_EQ(slope("none", 0), 0.5);
  EXPECT_EQ(slope("tanh", 0), 0.5);
  double farthest = 0;
  for (double x = -8; x <= 8; x += 0x1p-8) farthest = std::max(farthest, std::abs(value("none", x) - value("tanh", x)));
  EXPECT_NEAR(farthest, 4.7e-4, 0.1e-4);
}

// gelu(x) - gelu(-x) = x, and the slopes at x and -x add up to 1.
TEST(Gelu, IsSymmetricAboutHalfTheIdentity) {
  for (const char* form : {"none", "tanh"})
    for (const double x : {0.25, 1.0, 2.5, 6.0}) {
      EXPECT_NEAR(value(form, x) - value(form, -x), x, 1e-15 * x);
      EXPECT_NEAR(slope(form, x) + slope(form, -x), 1, 1e-14);
    }
}

TEST(Gelu, InfinitiesAreThoseOfPyTorch) {
  for (const char* form : {"none", "tanh"}) {
    EXPECT_TRUE(std::isnan(value(form, -kInfinity))) << form;
    EXPECT_EQ(value(form, kInfinity), kInfinity) << form;
    EXPECT_TRUE(std::isnan(slope(form, kInfinity))) << form;
    EXPECT_TRUE(std::isnan(slope(form, -kInfinity))) << form;
    EXPECT_TRUE(std::isnan(value(form, std::nan("")))) << form;
  }
}

// Closed forms of the error, derived by hand from the model of rounding: Tracked may exceed them by what they round
// off, and may not fall below, or it would reject correct kernels.
constexpr double kLooser = 1.3;

TEST(Gelu, BoundOfTheErfFormIsTheClosedForm) {
  for (const double x : {-9.0, -5.5, -3.0, -1.0, -0.1, 0.0625, 0.7, 2.0, 4.5, 30.0}) {
    const double z = x / std::sqrt(2.0), e = std::erf(z);
    const double bracket =
        5 * std::abs(e) + 2 * std::abs(z) * 2 * std::numbers::inv_sqrtpi * std::exp(-z * z) + std::abs(1 + e);
    const double closed = kUnit * (0.5 * std::abs(x) * bracket + std::abs(value("none", x)));
    const double bound = tracked(Direction::forward, "none", x).bound;
    EXPECT_GE(bound, 0.999 * closed) << x;
    EXPECT_LE(bound, kLooser * closed) << x;
  }
}

TEST(Gelu, BoundOfTheTanhFormIsTheClosedForm) {
  for (const double x : {-9.0, -5.5, -3.0, -1.0, -0.1, 0.0625, 0.7, 2.0, 4.5, 30.0}) {
    const double z = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x), t = std::tanh(z);
    const double bracket = 5 * std::abs(t) + 6 * std::abs(z) * (1 - t * t) + std::abs(1 + t);
    const double closed = kUnit * (0.5 * std::abs(x) * bracket + std::abs(value("tanh", x)));
    const double bound = tracked(Direction::forward, "tanh", x).bound;
    EXPECT_GE(bound, 0.75 * closed) << x;
    EXPECT_LE(bound, kLooser * closed) << x;
  }
}

// The closed form allows for an exponent x^2/2 that was rounded twice; one rounding suffices, so Tracked is tighter.
TEST(Gelu, BoundOfTheSlopeIsTheClosedForm) {
  for (const double x : {-9.0, -5.5, -3.0, -1.0, -0.1, 0.0625, 0.7, 2.0, 4.5, 30.0}) {
    const double z = x / std::sqrt(2.0), e = std::erf(z);
    const double density = std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
    const double bracket =
        5 * std::abs(e) + 2 * std::abs(z) * 2 * std::numbers::inv_sqrtpi * std::exp(-z * z) + std::abs(1 + e);
    const double closed =
        kUnit * (0.5 * bracket + std::abs(x) * density * (8 + x * x) + 2 * std::abs(slope("none", x)));
    const double bound = tracked(Direction::backward, "none", x).bound;
    EXPECT_GE(bound, 0.75 * closed) << x;
    EXPECT_LE(bound, kLooser * closed) << x;
  }
}

// Left of -3 only absolute accuracy is left: about 3 u |x|.
TEST(Gelu, BoundIsAbsoluteInTheLeftTail) {
  const Tracked y = tracked(Direction::forward, "none", -6);
  EXPECT_GT(y.bound, 100 * kUnit * std::abs(y.value));
  EXPECT_NEAR(y.bound / (kUnit * 6), 2.5, 0.5);
}

TEST(Gelu, BackwardIsTheDerivative) {
  for (const char* label : {"x=17x3", "x=17x3,approximate=tanh", "x=2x3x4x5"}) {
    const Problem backward = parse_problem("gelu.backward", label);
    EXPECT_LT(gradient_discrepancy(gelu_operator(), backward, 3), 1e-12) << label;
    EXPECT_LT(second_gradient_discrepancy(gelu_operator(), backward, 4), 1e-12) << label;
  }
}

TEST(Gelu, RefusesAsPyTorchDoes) {
  try {
    Gelu{problem_of(Direction::forward, "sigmoid")};
    FAIL() << "accepted";
  } catch (const Refused& refused) {
    EXPECT_STREQ(refused.what(), "approximate argument must be either none or tanh.");
  }
}

}  // namespace
}  // namespace lockstep
