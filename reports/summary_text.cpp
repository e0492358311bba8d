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
  }
  if (groups.size() > limit) text += "\n  and " + std::to_string(groups.size() - limit) + " more, all in the report\n";
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
  text += "  behind it " + plural(totals.elements_judged, "element") + " judged of " + grouped(totals.elements_total) +
          ", " + plural(totals.judged_cases, "case") + ", " + plural(totals.seeds, "seed") + ", " +
          long_duration(report.run.seconds) + "\n";
  return text;
}

}  // namespace lockstep::reports
