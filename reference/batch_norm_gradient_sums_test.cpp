// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm_gradient_sums.hpp"

#include <gtest/gtest.h>

#include "harness/data/error.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

TEST(BatchNormGradientSums, HandComputed) {
  const std::vector<Values> inputs{tensor({2, 2, 2}, {1, 2, 5, 5, 3, 6, 5, 5}), tensor({2}, {3, 4}),
                                   tensor({2}, {0.5, 0.25}), tensor({2, 2, 2}, {1, -1, 2, 3, 0, 2, -4, 1})};
  const auto sums = batch_norm_gradient_sums_operator().in_double(
      parse_problem("batch_norm_gradient_sums.forward", "x=2x2x2,dtype=f64"), operands_of<double>(inputs));
  EXPECT_EQ(sums->element(0, 0), 2);
  EXPECT_EQ(sums->element(0, 1), 2);
  EXPECT_EQ(sums->element(1, 0), 1 * -2 + -1 * -1 + 2 * 3);
  EXPECT_EQ(sums->element(1, 1), 2);
  EXPECT_EQ(sums->element(2, 0), 2.5);
  EXPECT_EQ(sums->element(2, 1), 0.5);
}

TEST(BatchNormGradientSums, AnEmptyBatchAddsNothing) {
  const std::vector<Values> inputs{tensor({0, 1}, {}), tensor({1}, {3}), tensor({1}, {0.5}), tensor({0, 1}, {})};
  const auto sums = batch_norm_gradient_sums_operator().in_double(
      parse_problem("batch_norm_gradient_sums.forward", "x=0x1,dtype=f64"), operands_of<double>(inputs));
  for (std::size_t output = 0; output < 3; ++output) EXPECT_EQ(sums->element(output, 0), 0);
}

TEST(BatchNormGradientSums, RefusesWhatNoBatchNormTakes) {
  EXPECT_THROW(BatchNormGradientSums{parse_problem("batch_norm_gradient_sums.forward", "x=3")}, Refused);
  EXPECT_THROW(BatchNormGradientSums{parse_problem("batch_norm_gradient_sums.forward", "x=3x0")}, Refused);
}

}  // namespace
}  // namespace lockstep
