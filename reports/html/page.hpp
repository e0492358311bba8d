// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reports/report.hpp"

namespace lockstep::reports {

// The report as one HTML file that asks nothing of any network. `baseline` (may be null) fills "what changed".
// `json_name` is the name under which the JSON lies beside the page.
std::string render_html(const Report& report, const Report* baseline, const std::string& json_name = "report.json");

}  // namespace lockstep::reports
