// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "suites/drivers/report_builder.hpp"
#include "suites/drivers/selection.hpp"

namespace lockstep {

/// Measures how many cases are judged per second: oneDNN under test, float32, fresh fill and all gates for every case, on
/// two workers at once, with every element judged and with a sample. Each rate is the median of windows of two seconds,
/// summed over the workers. Prints a line per shape and adds them to the report. Shapes whose implementation this build
/// lacks are left out with a line that says so.
void measure_judging_rates(const Catalogue& catalogue, const Selection& selection, const std::string& program,
                           ReportBuilder& builder);

}  // namespace lockstep
