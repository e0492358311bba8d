// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "reports/enum_names.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/html/training_parts.hpp"
#include "reports/number_text.hpp"
#include "reports/totals.hpp"

namespace lockstep::reports {
namespace {

// "3 runs of 2 modes agree with what they must equal; 1 does not."
std::string lead_of(const Training& training, const TrainingTotals& totals) {
  std::string text =
      "Every parallel mode is held to what it must equal: one rank that trains on the whole batch, or "
      "the mode's own formula. ";
  if (totals.runs == 0) return text + (training.runs.empty() ? "" : "No run came to be judged.");
  if (totals.broken == 0) {
    text += totals.runs == 1 ? "<b>The one run does.</b>" : "<b>All " + grouped(totals.runs) + " runs do.</b>";
  } else {
    text += "<b class=\"no\">" + grouped(totals.broken) + " of " + plural(totals.runs, "run") +
            (totals.broken == 1 ? " does not.</b>" : " do not.</b>");
  }
  if (totals.bit_identical > 0) {
    text +=
        " " + grouped(totals.bit_identical) + (totals.bit_identical == 1 ? " is" : " are") + " equal to the last bit.";
  }
  return text;
}

}  // namespace

std::string figures_row(const std::vector<Cell>& cells) {
  std::string row = "<tr>";
  for (const Cell& cell : cells) row += (cell.is_words ? "<td class=\"t\">" : "<td>") + cell.html;
  return row;
}

std::string figures_table(const std::string& summary, const std::vector<Cell>& heads, const std::string& rows) {
  if (rows.empty()) return "";
  std::string head;
  for (const Cell& cell : heads) head += (cell.is_words ? "<th class=\"t\">" : "<th>") + cell.html;
  return "<div class=\"figures\">" + chart_table(summary, head, rows) + "</div>";
}

std::string times_text(double factor) { return significant(factor, factor < 1 ? 2 : 3) + "\u00d7"; }

std::string run_details(const TrainingRun& run, bool with_model) {
  std::string text;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? "" : " \u00b7 ") + part;
  };
  if (with_model) {
    add(escaped(run.model));
    add(escaped(run.dtype));
  }
  add(run.ranks > 0 ? plural(run.ranks, "rank") : "");
  add(escaped(run.transport));
  add(escaped(run.options));
  return text;
}

std::string phase_key(const std::string& phase) {
  return "<li><svg class=\"key\" aria-hidden=\"true\"><rect class=\"p-" + phase +
         "\" width=\"100%\" height=\"100%\"/></svg>" + spoken(std::string_view(phase)) + "</li>";
}

std::string doubts(bool oversubscribed, bool quiet, const std::string& note) {
  std::string text;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? "" : " \u00b7 ") + part;
  };
  add(oversubscribed ? "more ranks than cores" : "");
  add(quiet ? "" : "not quiet");
  add(escaped(note));
  return text;
}

std::string training_faults_part(const std::vector<TrainingFault>& faults) {
  if (faults.empty()) return "";
  std::string rows;
  std::int64_t caught = 0;
  std::vector<TrainingFault> ordered = faults;
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const TrainingFault& left, const TrainingFault& right) { return left.caught < right.caught; });
  for (const TrainingFault& fault : ordered) {
    caught += fault.caught;
    rows += "<tr><th scope=\"row\">" + escaped(fault.description.empty() ? fault.id : fault.description) +
            "<br><span class=\"soft\">" + escaped(fault.id) + "</span></th><td>" + escaped(fault.mode) + "</td><td>" +
            (fault.caught ? "<span class=\"ok\">caught</span>" : "<b class=\"no\">missed</b>") + "</td><td>" +
            escaped(fault.by) + "</td></tr>";
  }
  const auto planted = static_cast<std::int64_t>(faults.size());
  const bool all = caught == planted;
  return "<h3 id=\"training-faults\">Would it have noticed?</h3><p class=\"lead\">Mistakes that parallel training is "
         "known for, planted on purpose: <b class=\"" +
         std::string(all ? "ok" : "no") + "\">" + grouped(caught) + " of " + grouped(planted) +
         "</b> were rejected, and the same runs without them were not.</p><details class=\"card\"" +
         (all ? "" : " open") + "><summary>" + plural(planted, "planted fault") +
         "</summary><div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>what was done wrong</th><th>mode</th>"
         "<th>verdict</th><th>by what</th></tr></thead><tbody>" +
         rows + "</tbody></table></div></details>";
}

std::string broken_training(const std::vector<TrainingRun>& runs) {
  std::string html;
  for (const TrainingRun& run : runs) {
    if (!is_broken(run.outcome)) continue;
    const bool differs = run.agreement && !run.agreement->difference.empty();
    html += "<article class=\"card broken\"><div class=\"words\"><h3>" + breakable(run.id) +
            "</h3><p class=\"soft\">training \u00b7 " + run_details(run) + "</p><p>The run " + spoken(run.outcome) +
            ": " + escaped(run.reason.empty() && differs ? run.agreement->difference : run.reason) + "</p>";
    if (differs && !run.reason.empty()) html += "<p class=\"soft\">" + escaped(run.agreement->difference) + "</p>";
    if (!run.rerun.empty()) {
      html += "<div class=\"rerun\"><code tabindex=\"0\">" + escaped(run.rerun) +
              "</code><button type=\"button\" class=\"copy\">Copy</button></div>";
    }
    html += "<p class=\"links\"><a href=\"#parallel\">All modes</a></p></div></article>";
  }
  return html;
}

std::string parallel_section(const Report& report) {
  const Training& training = report.training;
  const bool empty = training.runs.empty() && training.scaling.empty() && scaling_findings(training).empty() &&
                     training.collectives.empty() && training.faults.empty();
  if (empty) return "";
  return "<section id=\"parallel\"><h2>What parallelism costs</h2><p class=\"lead\">" +
         lead_of(training, training_totals(training)) + "</p>" + modes_part(training.runs) +
         timeline_part(training.runs) + scaling_part(training) + collectives_part(training.collectives) +
         training_faults_part(training.faults) + "</section>";
}

}  // namespace lockstep::reports
