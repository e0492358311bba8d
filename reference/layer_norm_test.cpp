// SPDX-License-Identifier: Apache-2.0
#include "reference/layer_norm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/data/error.hpp"
#include "harness/numerics/gates.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
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

TEST(LayerNorm, BackwardIsTheDerivativeOfTheForward) {
  for (const char* label : {"x=6x7,normalized_shape=7", "x=2x3x5,normalized_shape=3x5,eps=0.1",
                            "x=4x5,normalized_shape=5,affine=false", "x=4x5,normalized_shape=5,bias=false"}) {
    const Problem problem = parse_problem("layer_norm.backward", std::string(label) + ",dtype=f64");
    EXPECT_LT(gradient_discrepancy(layer_norm_operator(), problem, 3), 1e-12) << label;
    EXPECT_LT(second_gradient_discrepancy(layer_norm_operator(), problem, 4), 1e-12) << label;
  }
}

TEST(LayerNorm, BiasAloneMayBeLeftOut) {
  const Problem problem = parse_problem("layer_norm.forward", "x=1x2,normalized_shape=2,eps=0,bias=false,dtype=f64");
  ASSERT_EQ(layer_norm_operator().signature(problem).inputs.size(), 2u);
  const std::vector<Values> inputs{row({1, 3}, {1, 2}), row({5, 7}, {2})};
  const auto y = layer_norm_operator().in_double(problem, operands_of<double>(inputs));
  EXPECT_DOUBLE_EQ(y->element(0, 0), -5);
  EXPECT_DOUBLE_EQ(y->element(0, 1), 7);
}

// Equal values far from zero: the bound of their variance exceeds eps, so that the deviation alone has no finite bound.
TEST(LayerNorm, ConstantRowFarFromZeroCanBeJudged) {
  for (const char* operation : {"layer_norm.forward", "layer_norm.backward"}) {
    const Problem problem = parse_problem(operation, "x=1x1024,normalized_shape=1024,affine=false,dtype=bf16");
    Values x(DType::bf16, {1, 1024}), g(DType::bf16, {1, 1024});
    for (std::int64_t i = 0; i < x.count(); ++i) {
      x.set(i, 1000);
      g.set(i, static_cast<double>(i % 3));
    }
    std::vector<Values> inputs{x};
    if (problem.direction == Direction::backward) inputs.push_back(g);
    const ContractScope scope({});
    const auto truth = layer_norm_operator().tracked(problem, operands_of<Tracked>(inputs));
    for (const std::int64_t i : {0, 1, 1023}) {
      const Tracked expected = truth->element(0, i);
      EXPECT_TRUE(std::isfinite(expected.bound)) << operation;
      EXPECT_EQ(judge_element(round_to(DType::bf16, expected.value), expected, DType::bf16, {}, Demand::within_gates)
                    .rejected_by,
                Gate::none)
          << operation << " " << i;
    }
  }
}

/// Element of a fault's answer.
double faulty(const char* fault, const char* operation, const char* label, const std::vector<Values>& inputs,
              std::size_t output, std::int64_t index) {
  const Problem problem = parse_problem(operation, label);
  for (const Fault& candidate : layer_norm_faults())
    if (candidate.id == fault) return candidate.wrong(problem, inputs)->element(output, index);
  throw Error("no such fault");
}

// Row means 2 and 6, deviations 1 and 2: each wrong step can be followed by hand.
TEST(LayerNorm, FaultsGiveTheWrongAnswersTheyDescribe) {
  const std::vector<Values> forward{row({1, 3, 4, 8}, {2, 2}), row({2, 2}, {2}), row({1, 1}, {2})};
  const auto y = [&](const char* fault, std::int64_t index, const char* eps = "0") {
    const std::string label = std::string("x=2x2,normalized_shape=2,dtype=f64,eps=") + eps;
    return faulty(fault, "layer_norm.forward", label.c_str(), forward, 0, index);
  };
  EXPECT_DOUBLE_EQ(y("eps_doubled", 1, "1.5"), 2);  // 2 (3 - 2) / sqrt(1 + 3) + 1
  EXPECT_DOUBLE_EQ(y("eps_outside", 1, "1"), 2);
  EXPECT_DOUBLE_EQ(y("unbiased_variance", 1), 2 / std::sqrt(2.0) + 1);
  EXPECT_NEAR(y("one_pass_variance", 1), 3, 1e-6);
  EXPECT_DOUBLE_EQ(y("wrong_axis", 0), 2 * (1 - 2.5) / 1.5 + 1);
  EXPECT_DOUBLE_EQ(y("mean_kept", 1), 2 * 3 / std::sqrt(5.0) + 1);
  EXPECT_DOUBLE_EQ(y("row_one_short", 0), 2 * 0.5 / std::sqrt(0.125) + 1);
  EXPECT_DOUBLE_EQ(y("neighbours_row", 1), 2 * (3 - 6) / 2.0 + 1);
  EXPECT_DOUBLE_EQ(y("weight_dropped", 1), 2);
  EXPECT_DOUBLE_EQ(y("bias_dropped", 1), 2);

  const std::vector<Values> backward{forward[0], row({1, 1}, {2}), row({5, 3, 1, 1}, {2, 2})};
  const auto gradient = [&](const char* fault, std::size_t output, std::int64_t index) {
    return faulty(fault, "layer_norm.backward", "x=2x2,normalized_shape=2,eps=0,dtype=f64", backward, output, index);
  };
  EXPECT_DOUBLE_EQ(gradient("mean_dropped", 0, 0), 5 - 1);         // normalised x is -1 and 1, its mean with g_y is -1
  EXPECT_DOUBLE_EQ(gradient("second_mean_dropped", 0, 0), 5 - 4);  // the mean of g_y is 4
  EXPECT_DOUBLE_EQ(gradient("weight_gradient_of_x", 1, 0), 5 * 1 + 1 * 4);
  EXPECT_DOUBLE_EQ(gradient("last_row_left_out", 1, 1), 3);
  EXPECT_DOUBLE_EQ(gradient("last_row_left_out", 2, 0), 5);
}

TEST(LayerNorm, RefusesAsPyTorchDoes) {
  const auto refusal = [](const char* label) {
    return refusal_of<LayerNorm>(parse_problem("layer_norm.forward", label));
  };
  EXPECT_EQ(refusal("x=2x5,normalized_shape=4"),
            "Given normalized_shape=[4], expected input with shape [*, 4], but got input of size[2, 5]");
  EXPECT_THAT(refusal("x=2x5,normalized_shape=empty"), testing::HasSubstr("at least 1-dimensional"));
  EXPECT_THAT(refusal("x=2x5,normalized_shape=5,weight=4"), testing::HasSubstr("weight"));
  EXPECT_EQ(refusal("x=2x5,normalized_shape=2x5"), "accepted");
}

}  // namespace
}  // namespace lockstep
