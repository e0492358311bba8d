// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "reports/compare.hpp"
#include "reports/enum_names.hpp"
#include "reports/number_text.hpp"
#include "reports/terminal_text.hpp"

namespace lockstep::reports {
namespace {

void add_block(std::string& text, const std::string& title, const std::vector<std::string>& lines, std::size_t limit) {
  if (lines.empty()) return;
  text += "\n" + title + "\n";
  for (std::size_t i = 0; i < lines.size() && i < limit; ++i) text += "  " + lines[i] + "\n";
  if (lines.size() > limit) text += "  and " + std::to_string(lines.size() - limit) + " more\n";
}

std::string speed_line(const SpeedChange& change) {
  std::string line = signed_percent(change.ratio - 1);
  if (std::isfinite(change.ratio_low)) {
    line += " (" + signed_percent(change.ratio_low - 1) + " to " + signed_percent(change.ratio_high - 1) + ")";
  }
  line +=
      "  " + plain(change.id) + "  " + duration(change.baseline_seconds) + " -> " + duration(change.current_seconds);
  if (change.kind != MeasurementKind::cpu_wall) line += ", " + spoken(change.kind);
  if (!change.note.empty() && change.verdict == SpeedVerdict::inconclusive) line += ": " + plain(change.note);
  return line;
}

std::vector<std::string> outcome_lines(const Comparison& comparison, OutcomeMove move) {
  std::vector<std::string> lines;
  for (const OutcomeChange& change : comparison.outcomes) {
    if (change.move != move) continue;
    std::string line = plain(change.id);
    if (!change.before.empty() && !change.after.empty()) line += "  " + change.before + " -> " + change.after;
    if (!change.reason.empty()) line += ": " + plain(change.reason);
    lines.push_back(line);
  }
  return lines;
}

std::string speed_summary(const Comparison& comparison) {
  return std::to_string(comparison.count(SpeedVerdict::regressed)) + " regressed, " +
         std::to_string(comparison.count(SpeedVerdict::improved)) + " improved, " +
         std::to_string(comparison.count(SpeedVerdict::unchanged)) + " unchanged (proved, inside +-" +
         percent(comparison.options.delta) + "), " + std::to_string(comparison.count(SpeedVerdict::inconclusive)) +
         " inconclusive";
}

}  // namespace

std::string compare_text(const Comparison& comparison, std::size_t limit) {
  std::string text;
  if (!comparison.machine_differences.empty()) {
    text += "These reports are of different machines; a difference of speed is a difference of machines.\n";
    for (const std::string& line : comparison.machine_differences) text += "  " + plain(line) + "\n";
    text += "\n";
  }
  text += plain(comparison.baseline_name) + " -> " + plain(comparison.current_name) + "\n";
  std::vector<std::string> build;
  for (const std::string& line : comparison.build_differences) build.push_back(plain(line));
  add_block(text, "Build and environment", build, limit);
  for (const OutcomeMove move : {OutcomeMove::broke, OutcomeMove::fixed, OutcomeMove::still_broken,
                                 OutcomeMove::lost_bits, OutcomeMove::now_skipped, OutcomeMove::runs_again,
                                 OutcomeMove::reason_changed, OutcomeMove::appeared, OutcomeMove::vanished}) {
    std::string title(name_of(move));
    title.front() = static_cast<char>(title.front() - 'a' + 'A');
    add_block(text, title + ": " + std::to_string(comparison.count(move)), outcome_lines(comparison, move), limit);
  }
  if (comparison.outcomes.empty()) text += "\nNo outcome changed.\n";
  if (comparison.speeds.empty()) {
    text += "\nSpeed: nothing was timed in both reports.\n";
    return text;
  }
  text += "\nSpeed: " + speed_summary(comparison) + "\n";
  for (const SpeedVerdict verdict : {SpeedVerdict::regressed, SpeedVerdict::improved, SpeedVerdict::inconclusive}) {
    std::vector<std::string> lines;
    for (const SpeedChange& change : comparison.speeds) {
      if (change.verdict == verdict) lines.push_back(speed_line(change));
    }
    std::string title(name_of(verdict));
    title.front() = static_cast<char>(title.front() - 'a' + 'A');
    add_block(text, title, lines, limit);
  }
  if (comparison.unmatched_measurements > 0) {
    text += "\nTimed in one of the two only: " + std::to_string(comparison.unmatched_measurements) + "\n";
  }
  return text;
}

}  // namespace lockstep::reports
