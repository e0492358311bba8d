// SPDX-License-Identifier: Apache-2.0
#pragma once
// The parts of the page, each finished HTML. Their order on the page is that of a reader's questions (page.cpp).

#include <string>
#include <vector>

#include "reports/compare.hpp"
#include "reports/report.hpp"
#include "reports/totals.hpp"

namespace lockstep::reports {

// Root-mean-square errors that the statistical gate allows.
inline constexpr int rms_gate = 8;

// Failure maps weigh most, so the page has a budget for them; what is left out is in the JSON.
struct MapBudget {
  std::size_t bytes_left = 60000;
};

std::string verdict_section(const Report& report, const Totals& totals);
std::string broken_section(const Report& report, const Totals& totals, MapBudget& budget);
std::string changes_section(const Comparison* comparison);
std::string exactness_section(const Report& report, const Totals& totals);
std::string faults_section(const Report& report, const Totals& totals);
std::string speed_section(const Report& report);
// Empty where the report has no training, no collectives and no study.
std::string parallel_section(const Report& report);
std::string sync_batch_norm_section(const Report& report);
// Empty where nothing was drawn.
std::string fuzzing_section(const Report& report);
// The cards of the training runs that broke; empty when none did.
std::string broken_training(const std::vector<TrainingRun>& runs);
// `most_listed`: as in unlisted_cases.
std::string cases_section(const Report& report, std::size_t most_listed);
std::string not_run_section(const Report& report);
std::string methods_section(const Report& report, const std::string& json_name);

// The SVG of a failure map with its legend and table. Empty when the case has none or the budget is spent.
std::string failure_map(const CaseResult& result, MapBudget& budget);
// The attribute by which the drawer finds a case's map. Its id, not its number: the table does not list every case.
std::string map_mark(const CaseResult& result);

// Two ways of saying how far a case is from failing. `error_in_gates`: the nearer of its two gates, 1 fails.
double error_in_gates(const Margins& margins);

// The data of the tables and drawers: columns, as JSON text that is safe inside a script element.
std::string page_data(const Report& report, std::size_t most_listed);
// Cases that the table leaves out where a report has more than `most_listed`: all that did not run, which are told by
// their reasons in a section of their own, and then those that passed with most room. What did not pass is always listed.
// The JSON has them all.
struct UnlistedCases {
  std::size_t not_run = 0, passed = 0;
};
UnlistedCases unlisted_cases(const Report& report, std::size_t most_listed);

// Embedded at build time from the .css and .js files of this folder.
std::string page_style();
std::string page_script();

}  // namespace lockstep::reports
