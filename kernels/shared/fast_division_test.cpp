// SPDX-License-Identifier: Apache-2.0
#include "kernels/shared/fast_division.cuh"

#include <gtest/gtest.h>

#include <initializer_list>

namespace lockstep {
namespace {

using LOCKSTEP_BACKEND::FastDivision;
constexpr std::int64_t kLargest = (std::int64_t{1} << 31) - 1;

// A reciprocal that is off shows first beside multiples of the divisor and at the top of the range.
void expect_right_around_multiples(std::int64_t divisor) {
  const FastDivision division(static_cast<unsigned>(divisor));
  for (const std::int64_t multiple :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, kLargest / divisor / 2, kLargest / divisor})
    for (std::int64_t numerator = multiple * divisor - 1; numerator <= multiple * divisor + 1; ++numerator)
      if (numerator >= 0 && numerator <= kLargest) {
        ASSERT_EQ(division.quotient(static_cast<unsigned>(numerator)), static_cast<unsigned>(numerator / divisor))
            << numerator << " / " << divisor;
      }
  ASSERT_EQ(division.quotient(static_cast<unsigned>(kLargest)), static_cast<unsigned>(kLargest / divisor)) << divisor;
}

TEST(FastDivision, IsTheQuotient) {
  for (std::int64_t divisor = 1; divisor < 5000; ++divisor) expect_right_around_multiples(divisor);
  for (int power = 12; power < 31; ++power)
    for (const int neighbour : {-1, 0, 1}) expect_right_around_multiples((std::int64_t{1} << power) + neighbour);
  expect_right_around_multiples(kLargest);
}

TEST(FastDivision, ByOneUnlessTold) { EXPECT_EQ(FastDivision().quotient(12345), 12345u); }

}  // namespace
}  // namespace lockstep
