// SPDX-License-Identifier: Apache-2.0
#include "reference/layer_norm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/data/error.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

Values row(std::initializer_list<double> elements, Shape shape) {
  Values values(DType::f64, std::move(shape));
  std::int64_t i = 0;
  for (const double element : elements) values.set(i++, element);
  return values;
}

// Mean 3, biased variance 2: small enough to check by hand.
TEST(LayerNorm, NormalisesWithTheBiasedVariance) {
  const Problem problem = parse_problem("layer_norm.forward", "x=1x5,normalized_shape=5,eps=0,affine=true,dtype=f64");
  const std::vector<Values> inputs{row({1, 2, 3, 4, 5}, {1, 5}), row({1, 1, 1, 1, 2}, {5}), row({0, 0, 0, 0, 7}, {5})};
  const auto y = layer_norm_operator().in_double(problem, operands_of<double>(inputs));
  EXPECT_DOUBLE_EQ(y->element(0, 0), -2 / std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(y->element(0, 2), 0);
  EXPECT_DOUBLE_EQ(y->element(0, 4), 2 * 2 / std::sqrt(2.0) + 7);
}

TEST(LayerNorm, ConstantRowGivesTheBias) {
  const Problem problem = parse_problem("layer_norm.forward", "x=1x3,normalized_shape=3,dtype=f64");
  const std::vector<Values> inputs{row({4, 4, 4}, {1, 3}), row({1, 1, 1}, {3}), row({1, 2, 3}, {3})};
  const auto y = layer_norm_operator().in_double(problem, operands_of<double>(inputs));
  for (std::int64_t i = 0; i < 3; ++i) EXPECT_DOUBLE_EQ(y->element(0, i), static_cast<double>(i + 1));
}

// A gradient that is constant over the row changes nothing that the normalisation lets through.
TEST(LayerNorm, ConstantGradientVanishes) {
  const Problem problem = parse_problem("layer_norm.backward", "x=1x4,normalized_shape=4,affine=false,dtype=f64");
  const std::vector<Values> inputs{row({1, -2, 5, 3}, {1, 4}), row({2, 2, 2, 2}, {1, 4})};
  const auto d_x = layer_norm_operator().in_double(problem, operands_of<double>(inputs));
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_NEAR(d_x->element(0, i), 0, 1e-15);
}

TEST(LayerNorm, RefusesAsPyTorchDoes) {
  const auto refusal = [](const char* label) {
    try {
      LayerNorm{parse_problem("layer_norm.forward", label)};
    } catch (const Refused& refused) {
      return std::string(refused.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal("x=2x5,normalized_shape=4"),
            "Given normalized_shape=[4], expected input with shape [*, 4], but got input of size[2, 5]");
  EXPECT_THAT(refusal("x=2x5,normalized_shape=empty"), testing::HasSubstr("at least 1-dimensional"));
  EXPECT_THAT(refusal("x=2x5,normalized_shape=5,weight=4"), testing::HasSubstr("weight"));
  EXPECT_EQ(refusal("x=2x5,normalized_shape=2x5"), "accepted");
}

}  // namespace
}  // namespace lockstep
