// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm_normalize.hpp"

#include <gtest/gtest.h>

#include "harness/data/error.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

std::unique_ptr<Evaluator<double>> evaluate(const char* label, const std::vector<Values>& inputs) {
  return batch_norm_normalize_operator().in_double(parse_problem("batch_norm_normalize.forward", label),
                                                   operands_of<double>(inputs));
}

TEST(BatchNormNormalize, HandComputed) {
  const std::vector<Values> inputs{tensor({2, 2, 2}, {1, 2, 5, 5, 3, 6, 5, 5}), tensor({2}, {2, 3}),
                                   tensor({2}, {10, 20}), tensor({2}, {3, 4}), tensor({2}, {0.5, 0.25})};
  const auto y = evaluate("x=2x2x2,dtype=f64", inputs);
  EXPECT_EQ(y->element(0, 0), (1 - 3) * 0.5 * 2 + 10);
  EXPECT_EQ(y->element(0, 5), (6 - 3) * 0.5 * 2 + 10);
  EXPECT_EQ(y->element(0, 7), (5 - 4) * 0.25 * 3 + 20);
}

TEST(BatchNormNormalize, WithoutWeightAndBias) {
  const std::vector<Values> inputs{tensor({1, 2}, {1, 5}), tensor({2}, {3, 4}), tensor({2}, {0.5, 0.25})};
  const auto y = evaluate("x=1x2,affine=false,dtype=f64", inputs);
  EXPECT_EQ(y->element(0, 0), -1);
  EXPECT_EQ(y->element(0, 1), 0.25);
}

// Channels are followed along ascending indices; a jump must land in the right one as well.
TEST(BatchNormNormalize, ElementsCanBeHadInAnyOrder) {
  const std::vector<Values> inputs{Values(DType::f64, {3, 5, 2}), tensor({5}, {0, 1, 2, 3, 4}),
                                   tensor({5}, {-1, -1, -1, -1, -1})};
  const auto y = evaluate("x=3x5x2,affine=false,dtype=f64", inputs);
  for (std::int64_t step = 1; step < 30; ++step)
    for (std::int64_t k = 0; k < 30; ++k) {
      const std::int64_t index = k * step % 30;
      EXPECT_EQ(y->element(0, index), static_cast<double>(index / 2 % 5)) << index << " by steps of " << step;
    }
}

TEST(BatchNormNormalize, RefusesWhatNoBatchNormTakes) {
  EXPECT_THROW(BatchNormNormalize{parse_problem("batch_norm_normalize.forward", "x=3")}, Refused);
  EXPECT_THROW(BatchNormNormalize{parse_problem("batch_norm_normalize.forward", "x=3x0")}, Refused);
}

}  // namespace
}  // namespace lockstep
