// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm_input_gradient.hpp"

#include <gtest/gtest.h>

#include "harness/data/error.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

std::unique_ptr<Evaluator<double>> evaluate(const char* label, const std::vector<Values>& inputs) {
  return batch_norm_input_gradient_operator().in_double(parse_problem("batch_norm_input_gradient.forward", label),
                                                        operands_of<double>(inputs));
}

TEST(BatchNormInputGradient, HandComputed) {
  const std::vector<Values> inputs{tensor({1, 2}, {1, 5}), tensor({2}, {2, 3}),     tensor({2}, {3, 4}),
                                   tensor({2}, {2, 0.5}),  tensor({2}, {8, -4}),    tensor({2}, {6, 2}),
                                   tensor({2}, {0, 8}),    tensor({1, 2}, {10, 20})};
  const auto d_x = evaluate("x=1x2,dtype=f64", inputs);
  EXPECT_EQ(d_x->element(0, 0), 2 * 2 * (10 - 1 - (1 - 3) * 4 * 0.75));
  EXPECT_EQ(d_x->element(0, 1), 3 * 0.5 * (20 + 0.5 - (5 - 4) * 0.25 * 0.25));
}

TEST(BatchNormInputGradient, TheCountMayExceedWhatFloatHolds) {
  std::vector<Values> inputs{tensor({1, 1}, {0}), tensor({1}, {0}),    tensor({1}, {1}),   tensor({1}, {16777217}),
                             tensor({1}, {0}),    tensor({2}, {1, 1}), tensor({1, 1}, {1})};
  EXPECT_EQ(evaluate("x=1x1,affine=false,dtype=f64", inputs)->element(0, 0), 0);
}

TEST(BatchNormInputGradient, Refuses) {
  const auto refusal = [](const char* label) {
    return refusal_of<BatchNormInputGradient>(parse_problem("batch_norm_input_gradient.forward", label));
  };
  EXPECT_EQ(refusal("x=3"), "expected at least 2D input (got 1D input)");
  EXPECT_EQ(refusal("x=2x3x4,count=7"), "count=7; accepted: at least the 8 values per channel of x");
  EXPECT_EQ(refusal("x=2x3x4,count=8"), "accepted");
}

}  // namespace
}  // namespace lockstep
