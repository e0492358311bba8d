// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

// What the page tells; the JSON has all.
constexpr std::size_t most_rows_of_an_operation = 60, most_rows_in_all = 600;
constexpr std::size_t most_bytes_of_a_reason = 240;

struct Operation {
  std::map<std::string, std::int64_t> by_contract;
  std::int64_t findings = 0;
  std::vector<const DrawnRow*> rows;
};

bool is_finding(const DrawnRow& row) { return !row.implementation.empty() && row.verdict != "unsupported"; }

// Cut between characters.
std::string shortened(const std::string& text) {
  if (text.size() <= most_bytes_of_a_reason) return text;
  std::size_t end = most_bytes_of_a_reason;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "\u2026";
}

std::string row_html(const DrawnRow& row) {
  const char* kind = is_finding(row) ? "no" : row.verdict == "accepted" ? "ok" : "soft";
  return "<tr><td><span class=\"" + std::string(kind) + "\">" + escaped(row.verdict) + "</span></td><td>" +
         (row.implementation.empty() ? "contract" : breakable(row.implementation)) + "</td><td class=\"n\">" +
         grouped(row.count) + "</td><td class=\"n\">" + std::to_string(row.first) + "</td><td>" +
         escaped(shortened(row.reason)) + "</td></tr>";
}

// `rows_left`: of the page.
std::string operation_html(const std::string& name, const Operation& operation, std::size_t& rows_left) {
  std::string counts;
  for (const auto& [verdict, count] : operation.by_contract)
    counts += (counts.empty() ? "" : " \u00b7 ") + grouped(count) + " " + escaped(verdict);
  if (operation.findings > 0) counts += " \u00b7 " + plural(operation.findings, "finding");
  const std::size_t told = std::min({operation.rows.size(), most_rows_of_an_operation, rows_left});
  rows_left -= told;
  std::string body;
  for (std::size_t i = 0; i < told; ++i) body += row_html(*operation.rows[i]);
  if (told < operation.rows.size())
    body += "<tr><td class=\"soft\" colspan=\"5\">and " +
            plural(static_cast<std::int64_t>(operation.rows.size() - told), "more reason") +
            ", in the JSON beside this page</td></tr>";
  return "<details><summary><span>" + escaped(name) + "</span><span class=\"n " +
         (operation.findings > 0 ? "no" : "soft") + "\">" + counts +
         "</span></summary><div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>verdict</th><th>of</th>"
         "<th class=\"n\">problems</th><th class=\"n\">first</th><th>reason</th></tr></thead><tbody>" +
         body + "</tbody></table></div></details>";
}

}  // namespace

std::string fuzzing_section(const Report& report) {
  const Fuzzing& fuzzing = report.fuzzing;
  if (fuzzing.rows.empty()) return "";
  std::map<std::string, Operation> operations;
  std::int64_t findings = 0;
  for (const DrawnRow& row : fuzzing.rows) {
    Operation& operation = operations[row.operation];
    operation.rows.push_back(&row);
    if (row.implementation.empty()) operation.by_contract[row.verdict] += row.count;
    if (!is_finding(row)) continue;
    operation.findings += row.count;
    findings += row.count;
  }
  std::string html = "<section id=\"fuzzing\"><h2>What was drawn: taken, or refused</h2><p class=\"lead\">" +
                     plural(fuzzing.problems(), "problem") +
                     " drawn around tile edges and the limits of arguments. The contract takes <b>" +
                     grouped(fuzzing.by_contract("accepted")) + "</b>, which every gate judged; it refuses <b>" +
                     grouped(fuzzing.by_contract("refused")) + "</b>";
  if (const std::int64_t malformed = fuzzing.by_contract("malformed"); malformed > 0)
    html += " and <b>" + grouped(malformed) + "</b> are malformed";
  html += ", and whoever computes those fails: <b" + std::string(findings > 0 ? " class=\"no\"" : "") + ">" +
          plural(findings, "finding") +
          "</b> among them all. Numbers in reasons are left out. The same call with <code>--first</code>, the number "
          "of a problem, and <code>--cases 1</code> draws it again.</p><div class=\"card folds\">";
  std::size_t rows_left = most_rows_in_all;
  for (auto& [name, operation] : operations) {
    // What is broken must not be what is left out.
    std::stable_partition(operation.rows.begin(), operation.rows.end(),
                          [](const DrawnRow* row) { return is_finding(*row); });
    html += operation_html(name, operation, rows_left);
  }
  return html + "</div></section>";
}

}  // namespace lockstep::reports
