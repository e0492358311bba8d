// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a case or a training run ended, and how an unknown number is written.

#include <limits>

namespace lockstep::reports {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

enum class Outcome { passed, failed, blind, skipped, crashed, timed_out, refused };

}  // namespace lockstep::reports
