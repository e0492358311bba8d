// SPDX-License-Identifier: Apache-2.0
#pragma once
// The release sheet: one page that a release engineer reads and signs. It follows the rules of the report's page.

#include <string>

#include "reports/release_report.hpp"

namespace lockstep::reports {

// `json_name` and `report_name` are the names under which the release's JSON and the report with every case lie beside the
// page; an empty one is not named.
std::string render_release(const Release& release, const std::string& json_name = "release.json",
                           const std::string& report_name = "report.html");

// Its parts, each finished HTML; empty where there is nothing to say.
std::string sheet_accuracy(const Release& release);
std::string sheet_speed(const Release& release);
std::string sheet_kernels(const Release& release);
std::string sheet_faults(const Release& release);

// Embedded at build time.
std::string sheet_style();
std::string sheet_script();

}  // namespace lockstep::reports
