// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "reports/enum_names.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

constexpr std::size_t most_speed_rows = 40;
constexpr std::size_t most_outcome_rows = 200;

// The axis is linear in percent and ends where the widest interval does, between 5 % and 60 %.
struct Axis {
  double reach = 0.05;
  double at(double ratio) const { return 50 + 50 * std::clamp((ratio - 1) / reach, -1.0, 1.0); }
};

Axis axis_for(const std::vector<SpeedChange>& speeds) {
  Axis axis;
  for (std::size_t i = 0; i < speeds.size() && i < most_speed_rows; ++i) {
    for (const double ratio : {speeds[i].ratio, speeds[i].ratio_low, speeds[i].ratio_high}) {
      if (std::isfinite(ratio)) axis.reach = std::max(axis.reach, std::abs(ratio - 1) * 1.05);
    }
  }
  axis.reach = std::min(axis.reach, 0.6);
  return axis;
}

std::string forest_bar(const SpeedChange& change, const Axis& axis, double delta) {
  const double band_low = axis.at(1 - delta), band_high = axis.at(1 + delta);
  const std::string verdict(name_of(change.verdict));
  std::string svg = "<svg class=\"forest v-" + verdict + "\" aria-hidden=\"true\"><rect class=\"band\" x=\"" +
                    coordinate(band_low) + "%\" width=\"" + coordinate(band_high - band_low) +
                    "%\" height=\"100%\"/><line class=\"zero\" x1=\"50%\" x2=\"50%\" y1=\"0\" y2=\"100%\"/>";
  if (std::isfinite(change.ratio_low)) {
    svg += "<line class=\"interval\" x1=\"" + coordinate(axis.at(change.ratio_low)) + "%\" x2=\"" +
           coordinate(axis.at(change.ratio_high)) + "%\" y1=\"50%\" y2=\"50%\"/>";
  }
  return svg + "<circle cx=\"" + coordinate(axis.at(change.ratio)) + "%\" cy=\"50%\" r=\"4.5\"/></svg>";
}

// Cases have a drawer of their own; training runs stand in their section.
std::string link_to(const std::string& id, bool training) {
  return "<a href=\"#" + (training ? "parallel" : "case=" + fragment_encoded(id)) + "\">" + breakable(id) + "</a>";
}

std::string speed_row(const SpeedChange& change, const Axis& axis, double delta) {
  const std::string verdict(name_of(change.verdict));
  std::string interval = "too few samples";
  if (std::isfinite(change.ratio_low)) {
    interval = signed_percent(change.ratio_low - 1) + " to " + signed_percent(change.ratio_high - 1);
  }
  const std::string title = change.note.empty() ? "" : " title=\"" + escaped(change.note) + "\"";
  return "<tr><td>" + link_to(change.id, change.training) +
         (change.kind == MeasurementKind::cpu_wall ? "" : " <span class=\"soft\">" + spoken(change.kind) + "</span>") +
         "</td><td class=\"n\">" + duration(change.baseline_seconds) + "</td><td class=\"n\">" +
         duration(change.current_seconds) + "</td><td class=\"wide\">" + forest_bar(change, axis, delta) +
         "</td><td class=\"n\"><b>" + signed_percent(change.ratio - 1) + "</b><br><span class=\"soft\">" + interval +
         "</span></td><td" + title + " class=\"verdict-" + verdict + "\">" +
         (change.verdict == SpeedVerdict::unchanged ? "unchanged, proved" : verdict) + "</td></tr>";
}

std::string speed_part(const Comparison& comparison) {
  if (comparison.speeds.empty()) return "<p class=\"quiet\">Nothing was timed in both reports.</p>";
  const Axis axis = axis_for(comparison.speeds);
  std::string html = "<h3>Speed</h3><ul class=\"counts\">";
  for (const SpeedVerdict verdict :
       {SpeedVerdict::regressed, SpeedVerdict::improved, SpeedVerdict::unchanged, SpeedVerdict::inconclusive}) {
    html += "<li><b>" + grouped(comparison.count(verdict)) + "</b> " + std::string(name_of(verdict)) + "</li>";
  }
  html += "</ul><p class=\"lead\">A change is named only where it leaves the band of \u00b1" +
          percent(comparison.options.delta) +
          " beyond chance, counted over all cases at once. Unchanged means that the "
          "interval lies inside the band.</p><div class=\"card scroll\"><table><thead><tr><th>case</th>"
          "<th class=\"n\">before</th><th class=\"n\">now</th><th class=\"wide\"><span class=\"ends\"><span>" +
          signed_percent(-axis.reach) + "</span><span>0</span><span>" + signed_percent(axis.reach) +
          "</span></span></th><th class=\"n\">change of time</th><th>verdict</th></tr></thead><tbody>";
  for (std::size_t i = 0; i < comparison.speeds.size() && i < most_speed_rows; ++i) {
    html += speed_row(comparison.speeds[i], axis, comparison.options.delta);
  }
  html += "</tbody></table></div>";
  if (comparison.speeds.size() > most_speed_rows) {
    html += "<p class=\"quiet\">" + grouped(static_cast<std::int64_t>(comparison.speeds.size() - most_speed_rows)) +
            " more: <code>lockstep compare</code> lists them.</p>";
  }
  return html;
}

std::string outcome_part(const Comparison& comparison) {
  if (comparison.outcomes.empty()) return "<p class=\"quiet\">No outcome changed.</p>";
  std::string html =
      "<h3>Outcomes</h3><div class=\"card scroll\"><table><thead><tr><th>change</th><th "
      "class=\"wide\">case</th>"
      "<th>before</th><th>now</th><th>why</th></tr></thead><tbody>";
  std::size_t rows = 0;
  for (const OutcomeChange& change : comparison.outcomes) {
    if (rows++ == most_outcome_rows) break;
    const bool bad = change.move == OutcomeMove::broke || change.move == OutcomeMove::still_broken;
    html += std::string("<tr><td") +
            (bad                                 ? " class=\"no\""
             : change.move == OutcomeMove::fixed ? " class=\"ok\""
                                                 : "") +
            ">" + std::string(name_of(change.move)) + "</td><td>" + link_to(change.id, change.training) + "</td><td>" +
            escaped(change.before) + "</td><td>" + escaped(change.after) + "</td><td class=\"soft\">" +
            escaped(change.reason) + "</td></tr>";
  }
  html += "</tbody></table></div>";
  if (comparison.outcomes.size() > most_outcome_rows) {
    html += "<p class=\"quiet\">" + grouped(static_cast<std::int64_t>(comparison.outcomes.size() - most_outcome_rows)) +
            " more: <code>lockstep compare</code> lists them.</p>";
  }
  return html;
}

std::string differences(const std::string& title, const std::string& kind, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string html = "<div class=\"callout " + kind + "\"><b>" + title + "</b><ul>";
  for (const std::string& line : lines) html += "<li>" + escaped(line) + "</li>";
  return html + "</ul></div>";
}

}  // namespace

std::string changes_section(const Comparison* comparison) {
  std::string html = "<section id=\"changes\"><h2>What changed since last time</h2>";
  if (comparison == nullptr) {
    return html +
           "<p class=\"quiet\">This page was made without an earlier report to stand beside. "
           "<code>lockstep compare BEFORE.json NOW.json</code> says what changed.</p></section>";
  }
  html += "<p class=\"lead\">Against " + escaped(comparison->baseline_name) + ".</p>";
  html += differences("Another machine: a difference of speed is a difference of machines.", "warning",
                      comparison->machine_differences);
  html += outcome_part(*comparison) + speed_part(*comparison);
  return html + differences("Build and environment", "plain", comparison->build_differences) + "</section>";
}

}  // namespace lockstep::reports
