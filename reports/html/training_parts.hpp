// SPDX-License-Identifier: Apache-2.0
#pragma once
// The parts of the section on parallel training, each finished HTML or empty where the report has nothing for it.

#include <string>
#include <vector>

#include "reports/training_report.hpp"

namespace lockstep::reports {

std::string modes_part(const std::vector<TrainingRun>& runs);
std::string timeline_part(const std::vector<TrainingRun>& runs);
std::string scaling_part(const Training& training);
// Those findings that no verdict of a study on this page tells.
std::vector<std::string> scaling_findings(const Training& training);
std::string collectives_part(const std::vector<CollectivePoint>& points);
std::string training_faults_part(const std::vector<TrainingFault>& faults);

// A cell of a table of numbers: finished HTML, to the right unless it holds words.
struct Cell {
  std::string html = {};
  bool is_words = false;
};
inline Cell number_cell(std::string html) { return {std::move(html), false}; }
inline Cell words_cell(std::string html) { return {std::move(html), true}; }

// Tables of numbers are most of what these parts weigh, so rows leave out the end tags that HTML lets them leave out.
std::string figures_row(const std::vector<Cell>& cells);
// The folded table of a chart. Empty when there are no rows.
std::string figures_table(const std::string& summary, const std::vector<Cell>& heads, const std::string& rows);

// 1.47 -> "1.47\u00d7".
std::string times_text(double factor);

// "small_resnet · float32 · 2 ranks · threads · buckets of 1 MiB", escaped; what is unknown is left out.
std::string run_details(const TrainingRun& run, bool with_model = true);

// The key of a phase for a legend: its colour and its name.
std::string phase_key(const std::string& phase);

// What makes a number doubtful: "more ranks than cores · not quiet · <note>", escaped; "" when nothing does.
std::string doubts(bool oversubscribed, bool quiet, const std::string& note = {});

}  // namespace lockstep::reports
