// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reports/report.hpp"

namespace lockstep::reports {

// The closing words of a run on a terminal: the verdict, what broke with its rerun line (at most `limit` groups), what
// was skipped and why, the faults, and what stands behind the verdict. `colour` uses ANSI colours.
std::string summary_text(const Report& report, bool colour, std::size_t limit = 10);

}  // namespace lockstep::reports
