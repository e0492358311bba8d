// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "reports/enum_names.hpp"
#include "reports/html/axis_order.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

const char* class_of(FaultStatus status) {
  switch (status) {
    case FaultStatus::caught: return "ok";
    case FaultStatus::missed: return "no";
    case FaultStatus::blind: return "warn";
    case FaultStatus::equivalent:
    case FaultStatus::below_resolution: break;
  }
  return "soft";
}

// One row of the table: a fault in one operator and direction, over its dtypes.
struct FaultRow {
  std::vector<const FaultResult*> results;
};

/// In a large report what was caught in every dtype is told by its name alone.
constexpr std::size_t most_faults_told_in_full = 1200;

bool is_caught_throughout(const FaultRow& row) {
  return std::all_of(row.results.begin(), row.results.end(),
                     [](const FaultResult* result) { return result->status == FaultStatus::caught; });
}

std::string row_html(const FaultRow& row) {
  const FaultResult& first = *row.results.front();
  std::int64_t applied = 0, caught = 0;
  double effect = 0;
  std::map<FaultStatus, std::string> dtypes;
  std::string notes, example;
  for (const FaultResult* result : row.results) {
    applied += result->cases_applied;
    caught += result->cases_caught;
    effect = std::isfinite(result->effect_in_gates) ? std::max(effect, result->effect_in_gates)
                                                    : std::numeric_limits<double>::infinity();
    std::string& list = dtypes[result->status];
    list += (list.empty() ? "" : ", ") + result->dtype;
    if (!result->note.empty() && notes.find(result->note) == std::string::npos) {
      notes += (notes.empty() ? "" : "; ") + result->note;
    }
    if (example.empty()) example = result->example_id;
  }
  std::string html = "<tr><td>" + escaped(first.direction) + "</td><td>";
  const std::string title = escaped(first.description.empty() ? first.fault : first.description);
  html += example.empty() ? title : "<a href=\"#case=" + fragment_encoded(example) + "\">" + title + "</a>";
  if (!notes.empty()) html += "<br><span class=\"soft\">" + escaped(notes) + "</span>";
  html += "</td><td>";
  bool first_status = true;
  for (const auto& [status, list] : dtypes) {
    if (!std::exchange(first_status, false)) html += "<br>";
    html += "<span class=\"" + std::string(class_of(status)) + "\">" + spoken(status) +
            "</span> <span class=\"soft\">" + escaped(list) + "</span> ";
  }
  html += "</td><td class=\"n\">" + grouped(caught) + " of " + grouped(applied) + "</td><td class=\"n\">";
  html += applied == 0 ? "" : std::isfinite(effect) ? significant(effect, 2) : "not finite";
  return html + "</td></tr>";
}

// What went unseen stands in the open, above the folded tables.
std::string unseen(const Report& report) {
  std::string html;
  for (const FaultResult& fault : report.faults) {
    if (fault.status != FaultStatus::missed && fault.status != FaultStatus::blind) continue;
    html += "<li><b class=\"" + std::string(class_of(fault.status)) + "\">" + spoken(fault.status) + "</b> " +
            escaped(fault.operator_name + "." + fault.direction + ", " + fault.dtype) + ": " +
            escaped(fault.description.empty() ? fault.fault : fault.description);
    if (fault.status == FaultStatus::missed) {
      html += ", unseen in " + grouped(fault.cases_applied - fault.cases_caught) + " of " +
              plural(fault.cases_applied, "case");
    }
    html += "</li>";
  }
  return html.empty() ? "" : "<div class=\"callout warning\"><b>Not caught</b><ul>" + html + "</ul></div>";
}

}  // namespace

std::string faults_section(const Report& report, const Totals& totals) {
  std::string html = "<section id=\"faults\"><h2>Could these cases fail?</h2>";
  if (report.faults.empty()) {
    return html + "<p class=\"quiet\">No faults were planted in this run.</p></section>";
  }
  html +=
      "<p class=\"lead\">Every operator declares faults. Each is planted where its effect, computed in float64, "
      "exceeds "
      "four gates, and there it must be rejected. <b>" +
      grouped(totals.faults_caught) + " of " + grouped(totals.faults_applied()) + " were.</b>";
  if (totals.faults_excused > 0) {
    html += " " + grouped(totals.faults_excused) +
            " more are excused in writing: equivalent, or below what the dtype resolves.";
  }
  html += "</p>" + unseen(report);
  std::map<std::string, std::map<std::tuple<int, std::string, std::string>, FaultRow>> by_operator;
  for (const FaultResult& fault : report.faults) {
    by_operator[fault.operator_name][{direction_rank(fault.direction), fault.direction, fault.fault}].results.push_back(
        &fault);
  }
  html += "<div class=\"card folds\">";
  for (const auto& [name, rows] : by_operator) {
    std::int64_t caught = 0, applied = 0;
    std::string body;
    std::map<std::string, std::string> by_name;
    for (const auto& [key, row] : rows) {
      const FaultResult& first = *row.results.front();
      if (report.faults.size() > most_faults_told_in_full && is_caught_throughout(row)) {
        std::string& names = by_name[first.direction];
        names += (names.empty() ? "" : "; ") + escaped(first.description.empty() ? first.fault : first.description);
      } else {
        body += row_html(row);
      }
      for (const FaultResult* result : row.results) {
        caught += result->status == FaultStatus::caught;
        applied += result->status == FaultStatus::caught || result->status == FaultStatus::missed;
      }
    }
    for (const auto& [direction, names] : by_name)
      body += "<tr><td>" + escaped(direction) + "</td><td>" + names +
              "</td><td><span class=\"ok\">caught</span></td><td></td><td></td></tr>";
    html += "<details><summary><span>" + escaped(name) + "</span><span class=\"n " + (caught == applied ? "ok" : "no") +
            "\">" + grouped(caught) + " of " + grouped(applied) +
            "</span></summary><div class=\"scroll\" "
            "tabindex=\"0\"><table><thead><tr><th>direction</th><th>fault</th><th>status</th>"
            "<th class=\"n\">caught in cases</th><th class=\"n\">effect, gates</th></tr></thead><tbody>" +
            body + "</tbody></table></div></details>";
  }
  return html + "</div></section>";
}

}  // namespace lockstep::reports
