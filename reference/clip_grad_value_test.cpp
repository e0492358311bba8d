// SPDX-License-Identifier: Apache-2.0
#include "reference/clip_grad_value.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/data/error.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

double clipped(const std::string& limit, double grad) {
  const Problem problem = parse_problem("clip_grad_value.forward", "grad0=1,clip_value=" + limit + ",dtype=f64");
  std::vector<Values> inputs{Values(DType::f64, {1})};
  inputs[0].set(0, grad);
  return clip_grad_value_operator().in_double(problem, operands_of<double>(inputs))->element(0, 0);
}

TEST(ClipGradValue, ClipsBothSides) {
  EXPECT_EQ(clipped("0.5", 0.25), 0.25);
  EXPECT_EQ(clipped("0.5", 3), 0.5);
  EXPECT_EQ(clipped("0.5", -3), -0.5);
  EXPECT_EQ(clipped("0.5", -std::numeric_limits<double>::infinity()), -0.5);
}

TEST(ClipGradValue, KeepsNaN) { EXPECT_TRUE(std::isnan(clipped("0.5", std::nan("")))); }

// torch.clamp: where min > max the result is max.
TEST(ClipGradValue, ANegativeBoundIsTheResult) {
  for (const double grad : {-2.0, 0.0, 2.0}) EXPECT_EQ(clipped("_0.5", grad), -0.5);
  EXPECT_TRUE(std::isnan(clipped("nan", 1)));
}

TEST(ClipGradValue, TakesGradientsByNumber) {
  const Signature s =
      clip_grad_value_operator().signature(parse_problem("clip_grad_value.forward", "grad10=2,grad2=3x1,clip_value=1"));
  ASSERT_EQ(s.inputs.size(), 2u);
  EXPECT_EQ(s.inputs[0].name, "grad2");
  EXPECT_EQ(s.outputs[1].name, "out10");
  EXPECT_EQ(s.outputs[1].shape, (Shape{2}));
}

TEST(ClipGradValue, SaysWhatIsMissing) {
  const auto refused = [](const char* label) { ClipGradValue{parse_problem("clip_grad_value.forward", label)}; };
  EXPECT_THROW(refused("grad0=2"), Refused);
  EXPECT_THROW(refused("grad=2,clip_value=1"), Error);
}

}  // namespace
}  // namespace lockstep
