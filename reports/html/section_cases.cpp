// SPDX-License-Identifier: Apache-2.0
#include "reports/enum_names.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {

namespace {

std::string unlisted_text(const UnlistedCases& unlisted) {
  if (unlisted.not_run == 0) return "";
  std::string html =
      "<p class=\"soft\">" + grouped(static_cast<std::int64_t>(unlisted.not_run)) +
      " cases that could not run here are told by their reasons under <a href=\"#not-run\">What could not "
      "run</a>";
  if (unlisted.passed > 0)
    html += "; " + grouped(static_cast<std::int64_t>(unlisted.passed)) +
            " that passed with more room than every case of the table are left out of it";
  return html + ". The JSON beside this page has them one by one.</p>";
}

}  // namespace

// The frame of the table; page_table.js fills it from the data block, a page of rows at a time.
std::string cases_section(const Report& report, std::size_t most_listed) {
  if (report.cases.empty()) {
    return "<section id=\"cases\"><h2>Every case</h2><p class=\"quiet\">There are none in this report.</p></section>";
  }
  const auto select = [](const std::string& name, const std::string& label) {
    return "<label>" + label + "<select id=\"filter-" + name + "\"><option value=\"\">any</option></select></label>";
  };
  return "<section id=\"cases\"><h2>Every case</h2><p class=\"lead\">What is broken comes first. A row opens with "
         "Enter; "
         "<kbd>/</kbd> goes to the filter, <kbd>?</kbd> lists all keys.</p><noscript><p class=\"callout warning\">The "
         "table "
         "needs the script of this page; the JSON beside it has every case.</p></noscript><form id=\"filters\" "
         "class=\"filters\" "
         "role=\"search\"><label class=\"grow\">Filter<input id=\"filter-text\" type=\"search\" autocomplete=\"off\" "
         "spellcheck=\"false\" placeholder=\"words, or a pattern such as layer_norm.*/cuda.*\"></label>" +
         select("outcome", "Outcome") + select("operator", "Operator") + select("direction", "Direction") +
         select("implementation", "Implementation") + select("dtype", "Dtype") +
         "<button type=\"reset\">Clear</button></form>"
         "<p id=\"case-count\" class=\"soft\" role=\"status\"></p>" +
         unlisted_text(unlisted_cases(report, most_listed)) +
         "<div class=\"card\"><div id=\"case-table\" "
         "class=\"table-host\"></div></div></section>";
}

}  // namespace lockstep::reports
