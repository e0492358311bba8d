// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

namespace lockstep {

/// How many values a statistic was taken over, as a tensor [2] of the statistics' own dtype: (count / 2^24 rounded down,
/// count mod 2^24). So a rank's mean, m2 and count are one message of one dtype, and the count is exact up to 2^48: each
/// digit is an integer below 2^24, which float32 holds exactly, while a single float32 rounds from 2^24 + 1 on (a volume
/// of 257 x 256 x 256). An int64 would need a second message, or its bits passed off as floats, which a transport may
/// quieten where they spell a NaN.
struct ValueCount {
  static constexpr std::int64_t kBase = std::int64_t{1} << 24;
  static constexpr std::int64_t kDigits = 2;
  static constexpr std::int64_t kLimit = kBase * kBase;

  std::int64_t count = 0;

  double digit(std::int64_t index) const { return static_cast<double>(index == 0 ? count / kBase : count % kBase); }
  static ValueCount of(double high, double low) { return {std::llround(high) * kBase + std::llround(low)}; }
};

}  // namespace lockstep
