// SPDX-License-Identifier: Apache-2.0
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

constexpr std::size_t most_names = 8;

std::string names(const std::vector<std::string>& list) {
  std::string text;
  for (std::size_t i = 0; i < list.size() && i < most_names; ++i) text += (i > 0 ? ", " : "") + escaped(list[i]);
  if (list.size() > most_names)
    text += " and " + grouped(static_cast<std::int64_t>(list.size() - most_names)) + " more";
  return text;
}

// A whole section of the page that is missing is said in one line.
std::string absent_blocks(const Training& training) {
  std::string list;
  const auto add = [&](bool absent, const char* name) {
    if (absent) list += (list.empty() ? "" : ", ") + std::string(name);
  };
  add(training.runs.empty(), "training modes");
  add(training.faults.empty(), "faults of training");
  add(training.scaling.empty(), "scaling");
  add(training.collectives.empty(), "collectives");
  add(training.sync_batch_norm.empty(), "the study of SyncBatchNorm");
  return list.empty() ? "" : "<p class=\"quiet\">Not part of this run: " + list + ".</p>";
}

std::string skipped_runs(const std::vector<TrainingRun>& runs) {
  std::string rows;
  for (const TrainingRun& run : runs) {
    if (was_run(run.outcome)) continue;
    rows += "<div><dt>" + breakable(run.id) + "</dt><dd>" +
            (run.reason.empty() ? "no reason was given" : escaped(run.reason)) + "</dd></div>";
  }
  return rows.empty() ? "" : "<dl class=\"card reasons\">" + rows + "</dl>";
}

}  // namespace

std::string not_run_section(const Report& report) {
  const std::vector<SkipGroup> groups = skip_groups(report);
  std::string html = "<section id=\"not-run\"><h2>What could not run here, and why</h2>";
  const std::string absent = absent_blocks(report.training), runs = skipped_runs(report.training.runs);
  if (groups.empty() && report.environment.reasons.empty() && runs.empty()) {
    return html + "<p class=\"quiet\">Everything that is listed ran.</p>" + absent + "</section>";
  }
  html += absent;
  if (!report.environment.reasons.empty()) {
    html += "<dl class=\"card reasons\">";
    for (const Reason& reason : report.environment.reasons) {
      html += "<div><dt>" + escaped(reason.what) + "</dt><dd>" + escaped(reason.why) + "</dd></div>";
    }
    html += "</dl>";
  }
  html += runs;
  if (groups.empty()) return html + "<p class=\"quiet\">No case was skipped.</p></section>";
  html +=
      "<div class=\"card scroll\"><table><thead><tr><th "
      "class=\"n\">cases</th><th>reason</th><th>implementations"
      "</th></tr></thead><tbody>";
  for (const SkipGroup& group : groups) {
    html += "<tr><td class=\"n\">" + grouped(group.cases) +
            "</td><td><a href=\"#reason=" + fragment_encoded(group.reason) + "\">" + escaped(group.reason) +
            "</a></td><td class=\"soft\">" + names(group.implementations) + "</td></tr>";
  }
  return html + "</tbody></table></div></section>";
}

}  // namespace lockstep::reports
