// SPDX-License-Identifier: Apache-2.0
#include "reference/python_text.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lockstep {
namespace {

TEST(PythonText, IsWhatReprPrints) {
  EXPECT_EQ(python_text(-0.1), "-0.1");
  EXPECT_EQ(python_text(-1), "-1.0");
  EXPECT_EQ(python_text(0), "0.0");
  EXPECT_EQ(python_text(0.0001), "0.0001");
  EXPECT_EQ(python_text(1e-5), "1e-05");
  EXPECT_EQ(python_text(1.5e-7), "1.5e-07");
  EXPECT_EQ(python_text(123456789.0), "123456789.0");
  EXPECT_EQ(python_text(1e15), "1000000000000000.0");
  EXPECT_EQ(python_text(1e16), "1e+16");
  EXPECT_EQ(python_text(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(python_text(std::nan("")), "nan");
}

}  // namespace
}  // namespace lockstep
