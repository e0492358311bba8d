// SPDX-License-Identifier: Apache-2.0
#include "reports/summary_text.hpp"

#include "reports/enum_names.hpp"
#include "reports/number_text.hpp"
#include "reports/terminal_text.hpp"
#include "reports/totals.hpp"

namespace lockstep::reports {
namespace {

const char* colour_of(Tone tone) {
  switch (tone) {
    case Tone::good: return "\033[1;32m";
    case Tone::bad: return "\033[1;31m";
    case Tone::warning:
    case Tone::empty: break;
  }
  return "\033[1;33m";
}

std::string broken_lines(const Report& report, std::size_t limit) {
  std::string text;
  const std::vector<BrokenGroup> groups = broken_groups(report);
  for (std::size_t i = 0; i < groups.size() && i < limit; ++i) {
    const BrokenGroup& group = groups[i];
    const CaseResult& worst = report.cases[group.cases.front()];
    text += "\n  " + plain(group.name) + ": " + grouped(static_cast<std::int64_t>(group.cases.size())) + " of " +
            plural(group.cases_of_group, "case") + " " + spoken(worst.outcome) + "\n";
    const bool says_more = worst.failure && !worst.failure->message.empty();
    text += "    " + plain(says_more ? worst.failure->message : worst.reason) + "\n    " + plain(rerun_command(worst)) +
            "\n";
    if (worst.smallest) text += "    smallest: " + plain(worst.smallest->rerun) + "\n";
  }
  if (groups.size() > limit) text += "\n  and " + std::to_string(groups.size() - limit) + " more, all in the report\n";
  return text;
}

// Training is counted apart from the cases, and what broke in it is named.
std::string training_lines(const Report& report, const TrainingTotals& totals) {
  if (report.training.runs.empty() && report.training.faults.empty()) return "";
  std::string text =
      "  training  " + plural(totals.runs, "run") + ", " + grouped(totals.runs - totals.broken) + " passed";
  if (totals.broken > 0) text += ", " + grouped(totals.broken) + " did not";
  if (totals.bit_identical > 0) text += ", " + grouped(totals.bit_identical) + " bit-identical";
  const std::int64_t planted = totals.faults_caught + totals.faults_missed;
  if (planted > 0) text += "; faults caught " + grouped(totals.faults_caught) + " of " + grouped(planted);
  text += "\n";
  for (const TrainingRun& run : report.training.runs) {
    if (!is_broken(run.outcome)) continue;
    text += "            " + plain(run.id) + " " + spoken(run.outcome) + ": " +
            plain(run.reason.empty() && run.agreement ? run.agreement->difference : run.reason) + "\n";
    if (!run.rerun.empty()) text += "              " + plain(run.rerun) + "\n";
  }
  for (const TrainingFault& fault : report.training.faults) {
    if (!fault.caught)
      text += "            missed: " + plain(fault.description.empty() ? fault.id : fault.description) + "\n";
  }
  return text;
}

std::string fault_line(const Totals& totals, const Report& report) {
  if (report.faults.empty()) return "";
  std::string line = "  faults    caught " + grouped(totals.faults_caught) + " of " + grouped(totals.faults_applied());
  if (totals.faults_blind > 0) line += ", " + grouped(totals.faults_blind) + " could not show";
  if (totals.faults_excused > 0) line += ", " + grouped(totals.faults_excused) + " excused in writing";
  return line + "\n";
}

}  // namespace

std::string summary_text(const Report& report, bool colour, std::size_t limit) {
  const Totals totals = totals_of(report);
  const Verdict verdict = verdict_of(report);
  std::string text = "\n";
  if (colour) text += colour_of(verdict.tone);
  text += verdict.lead;
  if (colour) text += "\033[0m";
  text += verdict.rest + "\n";
  if (!verdict.note.empty()) text += verdict.note + "\n";
  text += broken_lines(report, limit);
  if (totals.of(Outcome::blind) > 0) {
    text += "\n  " + plural(totals.of(Outcome::blind), "case") + " could not have failed:\n";
    for (const FaultResult& fault : report.faults) {
      if (fault.status != FaultStatus::blind && fault.status != FaultStatus::missed) continue;
      text += "    " +
              plain(fault.operator_name + "." + fault.direction + ", " + fault.dtype + ": " +
                    (fault.description.empty() ? fault.fault : fault.description)) +
              ", " + spoken(fault.status) + "\n";
    }
  }
  text += "\n  cases    ";
  for (const auto& [outcome, ignored] : EnumNames<Outcome>::table) {
    // Passed and failed are always said: "0 failed" is an answer.
    const bool always = outcome == Outcome::passed || outcome == Outcome::failed;
    if (always || totals.of(outcome) > 0) text += " " + grouped(totals.of(outcome)) + " " + spoken(outcome) + ",";
  }
  text.back() = '\n';
  for (const SkipGroup& group : skip_groups(report)) {
    text += "            " + grouped(group.cases) + " because " + plain(group.reason) + "\n";
  }
  text += fault_line(totals, report);
  text += training_lines(report, totals.training);
  text += "  behind it " + plural(totals.elements_judged, "element") + " judged of " + grouped(totals.elements_total) +
          ", " + plural(totals.judged_cases, "case") + ", " + plural(totals.seeds, "seed") + ", " +
          long_duration(report.run.seconds) + "\n";
  return text;
}

}  // namespace lockstep::reports
