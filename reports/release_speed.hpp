// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "reports/release_report.hpp"

namespace lockstep::reports {

// Fills in medians, ratios, intervals, p-values and verdicts from the samples. The pairs' logarithms of candidate /
// baseline are judged together over all rows, at a false-discovery rate of 5 %:
//   regressed     the sign test rejects "at most `allowed_slowdown` slower"
//   improved      the sign test rejects "not faster"
//   unchanged     the 95 % interval lies inside +-`allowed_slowdown`
//   inconclusive  everything else, and fewer than six pairs
// Pairs share the machine's disturbances, so a machine that was not quiet widens the interval and no more.
void judge_speed(std::vector<SpeedRow>& rows, double allowed_slowdown);

}  // namespace lockstep::reports
