// SPDX-License-Identifier: Apache-2.0
#pragma once
// Numbers as people read them. All are locale-independent; spaces inside are narrow no-break spaces (U+202F) in
// `grouped`, so that 2 148 stays on one line.

#include <cstdint>
#include <string>

namespace lockstep::reports {

// 2148 -> "2 148".
std::string grouped(std::int64_t value);
// plural(1, "case") -> "1 case", plural(3, "case") -> "3 cases".
std::string plural(std::int64_t count, const std::string& noun);
// `digits` significant digits, no exponent for 1e-4 <= |x| < 1e7; "nan", "inf", "-inf".
std::string significant(double value, int digits = 3);
// The shortest text that reads back as the same double: for expected and got.
std::string exact_number(double value);
// 3.2e-5 -> "32.0 µs".
std::string duration(double seconds);
// 372 -> "6 min 12 s".
std::string long_duration(double seconds);
// bytes_per_second -> "19.4 GB/s", flops -> "166 GFLOP/s", by `unit` of a Ceiling.
std::string rate(double value, const std::string& unit);
// 50331648 -> "48 MiB".
std::string byte_size(std::int64_t bytes);
// 0.931 -> "93 %"; 0.0123 -> "1.2 %".
std::string percent(double fraction);
// 0.031 -> "+3.1 %".
std::string signed_percent(double fraction);

}  // namespace lockstep::reports
