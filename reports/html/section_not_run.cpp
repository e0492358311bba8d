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

}  // namespace

std::string not_run_section(const Report& report) {
  const std::vector<SkipGroup> groups = skip_groups(report);
  std::string html = "<section id=\"not-run\"><h2>What could not run here, and why</h2>";
  if (groups.empty() && report.environment.reasons.empty()) {
    return html + "<p class=\"quiet\">Everything that is listed ran.</p></section>";
  }
  if (!report.environment.reasons.empty()) {
    html += "<dl class=\"card reasons\">";
    for (const Reason& reason : report.environment.reasons) {
      html += "<div><dt>" + escaped(reason.what) + "</dt><dd>" + escaped(reason.why) + "</dd></div>";
    }
    html += "</dl>";
  }
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
