// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "reports/counted_rate.hpp"
#include "reports/enum_names.hpp"
#include "reports/html/axis_order.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

constexpr std::size_t most_bars = 48;

// The rows of one problem: the fastest implementation of each role, timed in the same way.
struct Group {
  const Measurement* own = nullptr;
  const Measurement* vendor = nullptr;
  const Measurement* reference = nullptr;

  const Measurement* shown() const { return own != nullptr ? own : vendor != nullptr ? vendor : reference; }
};

// Cold is what a kernel does inside a network; the other ways of timing are in the full table.
bool is_headline(MeasurementKind kind) {
  return kind == MeasurementKind::cpu_wall || kind == MeasurementKind::gpu_cold;
}

std::vector<Group> groups_of(const Report& report) {
  std::map<std::pair<std::string, MeasurementKind>, Group> by_problem;
  for (const Measurement& measurement : report.measurements) {
    if (!is_headline(measurement.kind)) continue;
    const std::string problem = measurement.peer_group.empty() ? measurement.id : measurement.peer_group;
    Group& group = by_problem[{problem, measurement.kind}];
    const Measurement*& slot = measurement.role == Role::own      ? group.own
                               : measurement.role == Role::vendor ? group.vendor
                                                                  : group.reference;
    if (slot == nullptr || measurement.median_seconds < slot->median_seconds) slot = &measurement;
  }
  // Per operator, direction and dtype the problem that moves most: that is where a ceiling means something.
  std::map<std::tuple<std::string, int, int, std::string, std::string>, Group> largest;
  for (const auto& [key, group] : by_problem) {
    const Measurement& row = *group.shown();
    Group& kept =
        largest[{row.operator_name, direction_rank(row.direction), dtype_rank(row.dtype), row.dtype, row.device}];
    const auto work = [](const Measurement& measurement) { return measurement.bytes + measurement.flops; };
    if (kept.shown() == nullptr || work(row) > work(*kept.shown())) kept = group;
  }
  std::vector<Group> groups;
  for (const auto& [key, group] : largest) groups.push_back(group);
  return groups;
}

std::string light_bar(const Group& group) {
  const Measurement& row = *group.shown();
  const double fraction = row.fraction_of_ceiling;
  if (!std::isfinite(fraction)) return "<span class=\"soft\">no ceiling was measured</span>";
  const bool over = fraction > 1;
  std::string svg =
      "<svg class=\"light\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" height=\"100%\" rx=\"3\"/>"
      "<rect class=\"" +
      std::string(over                   ? "over"
                  : group.own != nullptr ? "own"
                                         : "peer") +
      "\" width=\"" + coordinate(std::clamp(fraction, 0.0, 1.0) * 100) + "%\" height=\"100%\" rx=\"3\"/>";
  if (group.own != nullptr && group.vendor != nullptr && std::isfinite(group.vendor->fraction_of_ceiling)) {
    const std::string x = coordinate(std::clamp(group.vendor->fraction_of_ceiling, 0.0, 1.0) * 100) + "%";
    svg += "<line class=\"tick\" x1=\"" + x + "\" x2=\"" + x + "\" y1=\"0\" y2=\"100%\"/>";
  }
  return svg + "</svg>";
}

std::string time_of(const Measurement* measurement) {
  if (measurement == nullptr) return "";
  return "<a href=\"#case=" + fragment_encoded(measurement->id) + "\" title=\"" + escaped(measurement->implementation) +
         "\">" + duration(measurement->median_seconds) + "</a>";
}

// A column that no row would fill is left out.
struct Columns {
  bool own = false;
  bool vendor = false;
  bool reference = false;
};

std::string bar_row(const Group& group, const Columns& columns) {
  const auto cell = [](bool wanted, const std::string& text) {
    return wanted ? "<td class=\"n\">" + text + "</td>" : "";
  };
  const Measurement& row = *group.shown();
  std::string share = std::isfinite(row.fraction_of_ceiling) ? percent(row.fraction_of_ceiling) : "";
  if (row.fraction_of_ceiling > 1) share = "<b class=\"no\">" + share + "</b>";
  return "<tr><th scope=\"row\">" + escaped(row.operator_name + "." + row.direction) + "<br><span class=\"soft\">" +
         escaped(row.dtype) + " \u00b7 " + escaped(row.problem) + (row.quiet ? "" : " \u00b7 not quiet") +
         "</span></th><td class=\"wide\">" + light_bar(group) + "<span class=\"soft\">" + escaped(row.implementation) +
         (row.ceiling.empty() ? "" : " against " + escaped(row.ceiling)) + "</span></td><td class=\"n\">" + share +
         "</td>" + cell(columns.own, time_of(group.own)) + cell(columns.vendor, time_of(group.vendor)) +
         cell(columns.reference, time_of(group.reference)) + "</tr>";
}

std::string bars_part(const Report& report) {
  const std::vector<Group> groups = groups_of(report);
  Columns columns;
  for (const Group& group : groups) {
    columns.own = columns.own || group.own != nullptr;
    columns.vendor = columns.vendor || group.vendor != nullptr;
    columns.reference = columns.reference || group.reference != nullptr;
  }
  const auto head = [](bool wanted, const char* name) {
    return wanted ? std::string("<th class=\"n\">") + name + "</th>" : std::string();
  };
  std::string html =
      "<div class=\"card scroll\"><table class=\"bars\"><caption>The largest problem of each operator, "
      "direction and dtype: fraction of the ceiling that binds. The tick is the vendor's library."
      "</caption><thead><tr><th>problem</th><th class=\"wide\"><span class=\"ends\"><span>0</span>"
      "<span>50 %</span><span>100 %</span></span></th><th class=\"n\">of ceiling</th>" +
      head(columns.own, "own") + head(columns.vendor, "vendor") + head(columns.reference, "reference") +
      "</tr></thead><tbody>";
  bool any_over = false;
  for (std::size_t i = 0; i < groups.size() && i < most_bars; ++i) html += bar_row(groups[i], columns);
  for (const Measurement& measurement : report.measurements) any_over = any_over || measurement.fraction_of_ceiling > 1;
  html += "</tbody></table></div>";
  if (any_over) {
    html +=
        "<p class=\"callout warning\">More than 100 % of a ceiling is an error of the ceiling or of the counted "
        "work, not a fast kernel.</p>";
  }
  return html + "<details class=\"card\" id=\"all-measurements\"><summary>All " +
         plural(static_cast<std::int64_t>(report.measurements.size()), "measurement") +
         "</summary><div class=\"table-host\"></div></details>";
}

std::string ceilings_part(const Report& report) {
  if (report.ceilings.empty()) return "";
  std::string rows;
  for (const Ceiling& ceiling : report.ceilings) {
    rows += "<tr><td>" + escaped(ceiling.name) + "</td><td>" + escaped(ceiling.device) + "</td><td>" +
            escaped(ceiling.dtype) + "</td><td class=\"n\">" +
            (ceiling.working_set_bytes > 0 ? byte_size(ceiling.working_set_bytes) : "") + "</td><td class=\"n\">" +
            rate(ceiling.value, ceiling.unit) + "</td></tr>";
  }
  return "<details class=\"card\"><summary>Ceilings measured in this run</summary><div class=\"scroll\" "
         "tabindex=\"0\"><table><thead><tr>"
         "<th>ceiling</th><th>device</th><th>dtype</th><th class=\"n\">working set</th><th "
         "class=\"n\">measured</th></tr>"
         "</thead><tbody>" +
         rows + "</tbody></table></div></details>";
}

std::string judging_part(const Report& report) {
  if (report.judging_rates.empty()) return "";
  std::string rows;
  for (const JudgingRate& row : report.judging_rates) {
    const auto optional = [](const std::optional<double>& value) { return value ? significant(*value) : ""; };
    const CountedRate counted = counted_rate(row);
    rows += "<tr><th scope=\"row\">" + escaped(row.name) + "</th><td class=\"n\">" +
            optional(row.cases_per_second_full) + "</td><td class=\"n\">" + significant(row.cases_per_second_sampled) +
            "</td><td class=\"n " + (counted.reaches_target ? "ok" : "no") + "\">" + significant(row.target) +
            "</td><td>" + (counted.is_sampled ? "sampled" : "every element") + "</td><td class=\"n\">" +
            optional(row.benchdnn_cases_per_second) + "</td></tr>";
  }
  return "<h3>Speed of judging</h3><p class=\"lead\">Cases per second with a fresh fill and all gates. benchdnn, which "
         "checks every element, was measured on another machine. Against the target counts the rate of every element; "
         "where "
         "that does not reach it, the sample's.</p><div class=\"card scroll\" "
         "tabindex=\"0\"><table><thead><tr><th>case"
         "</th><th class=\"n\">every element</th><th class=\"n\">sampled</th><th class=\"n\">target</th><th>"
         "counts</th><th class=\"n\">benchdnn</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

}  // namespace

std::string speed_section(const Report& report) {
  const bool emulated = std::any_of(report.cases.begin(), report.cases.end(),
                                    [](const CaseResult& result) { return result.device == "emulated"; });
  std::string html = "<section id=\"speed\"><h2>How far from the speed of light</h2>";
  if (report.measurements.empty()) {
    html += "<p class=\"quiet\">Nothing was timed in this run.</p>";
  } else {
    html +=
        "<p class=\"lead\">Ceilings are measured in the same run: what this machine does at best when it only copies, "
        "or only multiplies. No number stands here whose very outputs were not judged.</p>";
  }
  if (emulated) {
    html +=
        "<p class=\"quiet\">The CUDA kernels ran thread by thread on the CPU. Emulated runs are judged and never "
        "timed.</p>";
  }
  if (!report.measurements.empty()) html += bars_part(report);
  return html + ceilings_part(report) + judging_part(report) + "</section>";
}

}  // namespace lockstep::reports
