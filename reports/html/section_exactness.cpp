// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "reports/html/axis_order.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

struct HeatCell {
  double worst_bound = 0;
  bool ran = false;
  bool judged = false;
  bool only_exact = true;
  bool broken = false;
  bool blind = false;
  std::int64_t cases = 0;
};

using Column = std::pair<std::string, std::string>;  // dtype, direction

bool column_before(const Column& left, const Column& right) {
  const auto key = [](const Column& column) {
    return std::tuple(dtype_rank(column.first), column.first, direction_rank(column.second), column.second);
  };
  return key(left) < key(right);
}

void add_case(HeatCell& cell, const CaseResult& result) {
  if (!was_run(result.outcome)) return;
  cell.ran = true;
  ++cell.cases;
  // What a blind case computed is right; it is the case that proves nothing.
  cell.blind = cell.blind || result.outcome == Outcome::blind;
  cell.broken = cell.broken || (is_broken(result.outcome) && result.outcome != Outcome::blind);
  if (!result.margins) return;
  cell.judged = true;
  cell.only_exact = cell.only_exact && result.margins->exact;
  const double worst = result.margins->worst_bound;
  cell.worst_bound = std::max(cell.worst_bound, std::isnan(worst) ? std::numeric_limits<double>::infinity() : worst);
}

std::string heat_class(const HeatCell& cell) {
  if (cell.broken) return "h-broken";
  if (cell.blind) return "h-blind";
  if (cell.worst_bound == 0) return "h-exact";
  static constexpr std::array<double, 5> limits{0.03, 0.1, 0.2, 0.4, 0.7};
  const auto level = std::upper_bound(limits.begin(), limits.end(), cell.worst_bound) - limits.begin();
  return "h" + std::to_string(level);
}

std::string heat_cell(const std::string& operator_name, const Column& column, const HeatCell& cell) {
  if (!cell.ran) return "<td class=\"h-none\"><span class=\"soft\">not run</span></td>";
  // A crash leaves the margins of the other cases behind, which would read as a pass.
  std::string value = "stopped";
  if (cell.blind && !cell.broken) {
    value = "blind";
  } else if (cell.judged && !(cell.broken && cell.worst_bound <= 1)) {
    const bool finite = std::isfinite(cell.worst_bound);
    value = !finite ? "not finite" : cell.worst_bound == 0 ? "exact" : significant(cell.worst_bound, 2);
  }
  const std::string title = plural(cell.cases, "case") + (cell.broken  ? ", some broken"
                                                          : cell.blind ? ", some blind"
                                                                       : "");
  return "<td class=\"" + heat_class(cell) + "\"><a href=\"#operator=" + fragment_encoded(operator_name) +
         "&amp;dtype=" + fragment_encoded(column.first) + "&amp;direction=" + fragment_encoded(column.second) +
         "\" title=\"" + title + "\">" + value + "</a></td>";
}

std::string heat_table(const Report& report) {
  std::map<std::string, std::map<Column, HeatCell>> rows;
  std::set<Column> seen;
  for (const CaseResult& result : report.cases) {
    const Column column{result.dtype, result.direction};
    add_case(rows[result.operator_name][column], result);
    if (was_run(result.outcome)) seen.insert(column);
  }
  if (seen.empty()) return "<p class=\"quiet\">No output was judged.</p>";
  std::vector<Column> columns(seen.begin(), seen.end());
  std::sort(columns.begin(), columns.end(), column_before);
  std::string first, second, body;
  for (std::size_t i = 0; i < columns.size();) {
    std::size_t end = i;
    while (end < columns.size() && columns[end].first == columns[i].first) ++end;
    first +=
        "<th scope=\"colgroup\" colspan=\"" + std::to_string(end - i) + "\">" + escaped(columns[i].first) + "</th>";
    i = end;
  }
  for (const Column& column : columns) second += "<th scope=\"col\">" + escaped(column.second) + "</th>";
  for (const auto& [name, cells] : rows) {
    body += "<tr><th scope=\"row\">" + escaped(name) + "</th>";
    for (const Column& column : columns) {
      const auto found = cells.find(column);
      body += heat_cell(name, column, found == cells.end() ? HeatCell{} : found->second);
    }
    body += "</tr>";
  }
  return "<div class=\"card scroll\"><table class=\"heat\"><caption>Largest error in bounds, over all "
         "cases of an "
         "operator, dtype and direction</caption><thead><tr><td></td>" +
         first + "</tr><tr><td></td>" + second + "</tr></thead><tbody>" + body + "</tbody></table></div>";
}

// Quarter decades of the error in gates, from 1e-4 to 1e4; what lies beyond is counted at the ends.
struct Histogram {
  static constexpr int bins = 32;
  std::array<std::int64_t, bins> counts{};
  void add(double gates) {
    const double position = std::isfinite(gates) ? (std::log10(gates) + 4) * 4 : bins;
    ++counts[static_cast<std::size_t>(std::clamp(static_cast<int>(std::floor(position)), 0, bins - 1))];
  }
  std::int64_t largest() const { return *std::max_element(counts.begin(), counts.end()); }
};

// Square roots keep one stray case visible beside a thousand.
double height_of(std::int64_t count, std::int64_t largest, double full) {
  return largest == 0 ? 0 : full * std::sqrt(static_cast<double>(count) / static_cast<double>(largest));
}

std::string separation_chart(const Report& report) {
  Histogram errors, faults;
  std::int64_t judged = 0, exact = 0, planted = 0;
  for (const CaseResult& result : report.cases) {
    if (!was_run(result.outcome) || !result.margins) continue;
    const double gates = error_in_gates(*result.margins);
    if (gates == 0) {
      ++exact;
    } else {
      ++judged;
      errors.add(gates);
    }
  }
  for (const FaultResult& fault : report.faults) {
    if (fault.cases_applied == 0) continue;
    ++planted;
    faults.add(fault.effect_in_gates);
  }
  if (judged == 0) return "";
  constexpr double left = 16, right = 944, middle = 110, full = 84;
  constexpr double step = (right - left) / Histogram::bins;
  std::string bars, rows;
  const auto bar = [&](const char* kind, double x, double y, double height) {
    if (height <= 0) return;
    bars += std::string("<rect class=\"") + kind + "\" x=\"" + coordinate(x + 1) + "\" y=\"" + coordinate(y) +
            "\" width=\"" + coordinate(step - 2) + "\" height=\"" + coordinate(height) + "\" rx=\"2\"/>";
  };
  for (int bin = 0; bin < Histogram::bins; ++bin) {
    const auto at = static_cast<std::size_t>(bin);
    const double x = left + step * bin;
    const double up = height_of(errors.counts[at], errors.largest(), full);
    // A bin starts at its limit, so the bins from 16 on hold what reaches a gate.
    bar(bin < Histogram::bins / 2 ? "inside" : "outside", x, middle - up, up);
    bar("planted", x, middle + 1, height_of(faults.counts[at], faults.largest(), full));
    if (errors.counts[at] == 0 && faults.counts[at] == 0) continue;
    rows += "<tr><td class=\"n\">" + significant(std::pow(10.0, bin / 4.0 - 4)) + " to " +
            significant(std::pow(10.0, (bin + 1) / 4.0 - 4)) + "</td><td class=\"n\">" + grouped(errors.counts[at]) +
            "</td><td class=\"n\">" + grouped(faults.counts[at]) + "</td></tr>";
  }
  std::string axis;
  for (int decade = -4; decade <= 4; ++decade) {
    const double x = left + step * 4 * (decade + 4);
    static const std::array<const char*, 9> names{"0.0001", "0.001", "0.01",  "0.1",   "1 gate",
                                                  "10",     "100",   "1 000", "10 000"};
    const char* anchor = decade == -4 ? "start" : decade == 4 ? "end" : "middle";
    axis += "<line class=\"" + std::string(decade == 0 ? "gate" : "grid") + "\" x1=\"" + coordinate(x) + "\" x2=\"" +
            coordinate(x) + "\" y1=\"14\" y2=\"206\"/><text x=\"" + coordinate(x) + "\" y=\"224\" text-anchor=\"" +
            anchor + "\">" + names[static_cast<std::size_t>(decade + 4)] + "</text>";
  }
  const std::string summary = plural(judged, "case") + " above the axis and " + plural(planted, "planted fault") +
                              " below it, by error in gates; 1 is where a case fails";
  return "<figure class=\"card chart\"><figcaption><b>How far right is from wrong.</b> Above the line: the worst error "
         "of "
         "each case, in gates" +
         (exact > 0 ? std::string(" (") + plural(exact, "case") + " without any error not drawn)" : std::string()) +
         ". Below it: what each planted fault does, at its largest. Heights grow with the square root of the count."
         "</figcaption><div class=\"scroll\" tabindex=\"0\"><svg class=\"separation\" viewBox=\"0 0 960 232\" "
         "role=\"img\" aria-label=\"" +
         summary + "\">" + axis + bars + "<line class=\"base\" x1=\"16\" x2=\"944\" y1=\"110.5\" y2=\"110.5\"/>" +
         "<text class=\"ink\" x=\"20\" y=\"28\">cases as they ran</text>" +
         (planted > 0 ? "<text class=\"ink\" x=\"20\" y=\"200\">faults planted on purpose</text>" : "") +
         "</svg></div>" +
         chart_table("The numbers", "<th>error in gates</th><th>cases</th><th>planted faults</th>", rows) + "</figure>";
}

}  // namespace

double error_in_gates(const Margins& margins) {
  if (std::isnan(margins.worst_bound)) return margins.worst_bound;
  // A contract whose rounding is biased has no statistical gate: its rms margin is NaN.
  const double statistical = std::isnan(margins.worst_rms) ? 0 : margins.worst_rms / rms_gate;
  return std::max(margins.worst_bound, statistical);
}

std::string exactness_section(const Report& report, const Totals&) {
  return "<section id=\"exactness\"><h2>How exact</h2><p class=\"lead\">The bound is the most that the rounding of a "
         "precision contract can do to that very element: at most 1. Where little is computed, and in 16 bits, the "
         "result's own "
         "rounding takes correct kernels close to it.</p>" +
         heat_table(report) + separation_chart(report) + "</section>";
}

}  // namespace lockstep::reports
