// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/operand.hpp"

#include <gtest/gtest.h>

#include "harness/numerics/low_precision.hpp"

namespace lockstep {
namespace {

// 4097 is no bfloat16: an index read in the scalar type of the formula would name another row.
TEST(Operand, IntegersAreNotRoundedToTheScalarType) {
  Values indices(DType::i64, {1});
  indices.set(0, 4097);
  EXPECT_EQ(Operand<LowPrecision<DType::bf16>>(indices).integer(0), 4097);
  EXPECT_NE(Operand<LowPrecision<DType::bf16>>(indices)[0].value, 4097);
  EXPECT_EQ(Operand<Dual<double>>(indices).integer(0), 4097);
}

}  // namespace
}  // namespace lockstep
