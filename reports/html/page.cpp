// SPDX-License-Identifier: Apache-2.0
#include "reports/html/page.hpp"

#include <algorithm>
#include <optional>

#include "reports/html/markup.hpp"
#include "reports/html/page_frame.hpp"
#include "reports/html/sections.hpp"

namespace lockstep::reports {
namespace {

// A page of a night is opened from mail and kept by the hundred.
constexpr std::size_t most_page_bytes = 490'000;
// No row takes more, so leaving out as many as this says never leaves out too many.
constexpr std::size_t most_bytes_of_a_case = 150;

// Links to sections that are not on every page: those between Changes and Exactness, and those behind Speed.
std::string section_links(const std::string& before_exactness, const std::string& behind_speed) {
  return "<a href=\"#broken\">Broken</a><a href=\"#changes\">Changes</a>" + before_exactness +
         "<a href=\"#exactness\">Exactness</a>"
         "<a href=\"#faults\">Faults</a><a href=\"#speed\">Speed</a>" +
         behind_speed +
         "<a href=\"#cases\">Cases</a>"
         "<a href=\"#not-run\">Not run</a><a href=\"#methods\">Methods</a>";
}

std::string title_of(const Report& report) {
  const Verdict verdict = verdict_of(report);
  std::string title = verdict.lead;
  if (!report.run.suite.empty()) title += " \u00b7 " + report.run.suite;
  return escaped(title) + " \u00b7 Lockstep";
}

std::string dialogs() {
  return "<dialog id=\"drawer\" aria-labelledby=\"drawer-title\"></dialog>"
         "<dialog id=\"keys\" aria-labelledby=\"keys-title\"><h2 id=\"keys-title\">Keys</h2><dl class=\"keys\">"
         "<div><dt><kbd>/</kbd></dt><dd>filter the cases</dd></div>"
         "<div><dt><kbd>\u2193</kbd> <kbd>\u2191</kbd></dt><dd>next and previous row of a table</dd></div>"
         "<div><dt><kbd>Enter</kbd></dt><dd>open the row</dd></div>"
         "<div><dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>in an open case: the next, the previous</dd></div>"
         "<div><dt><kbd>c</kbd></dt><dd>in an open case: copy its rerun line</dd></div>"
         "<div><dt><kbd>t</kbd></dt><dd>system, light or dark theme</dd></div>"
         "<div><dt><kbd>Esc</kbd></dt><dd>close</dd></div></dl>"
         "<form method=\"dialog\"><button>Close</button></form></dialog>";
}

// Maps that no card shows lie in a template, from which the drawer takes them.
std::string further_maps(const Report& report, const std::string& shown, MapBudget& budget) {
  std::string html;
  for (const CaseResult& result : report.cases)
    if (result.failure && shown.find(map_mark(result)) == std::string::npos) html += failure_map(result, budget);
  return html.empty() ? "" : "<template id=\"maps\">" + html + "</template>";
}

}  // namespace

std::string render_html(const Report& report, const Report* baseline, const std::string& json_name) {
  const Totals totals = totals_of(report);
  const std::string style = page_style();
  const std::string script = page_script();
  std::optional<Comparison> comparison;
  if (baseline != nullptr) comparison = compare(*baseline, report);
  MapBudget budget;

  const std::string parallel = parallel_section(report);
  const std::string sync_batch_norm = sync_batch_norm_section(report);
  const std::string fuzzing = fuzzing_section(report);
  // A link to a section that is not there would lead nowhere.
  const std::string drawn_link = fuzzing.empty() ? "" : "<a href=\"#fuzzing\">Drawn</a>";
  const std::string training_links = std::string(parallel.empty() ? "" : "<a href=\"#parallel\">Parallelism</a>") +
                                     (sync_batch_norm.empty() ? "" : "<a href=\"#sync-batch-norm\">SyncBatchNorm</a>");

  const std::string broken = broken_section(report, totals, budget);
  std::string before_cases =
      page_head(title_of(report), style, script) + top_bar(section_links(drawn_link, training_links)) + "<main>";
  before_cases += verdict_section(report, totals) + broken;
  before_cases += changes_section(comparison ? &*comparison : nullptr);
  before_cases += fuzzing + exactness_section(report, totals) + faults_section(report, totals) + speed_section(report);
  before_cases += parallel + sync_batch_norm;
  const std::string after_cases = not_run_section(report) + methods_section(report, json_name) +
                                  "</main><footer>This page asks nothing of any network.</footer>" + dialogs() +
                                  further_maps(report, broken, budget);
  const auto with_listed = [&](std::size_t most_listed) {
    return before_cases + cases_section(report, most_listed) + after_cases +
           "<script type=\"application/json\" id=\"data\">" + page_data(report, most_listed) + "</script><script>" +
           script + "</script></body></html>\n";
  };
  // Every round leaves out cases that passed with most room, until the page keeps its budget or only the rest is left.
  std::size_t most_listed = report.cases.size();
  std::string html = with_listed(most_listed);
  while (html.size() > most_page_bytes && most_listed > 0) {
    const std::size_t excess = html.size() - most_page_bytes;
    most_listed -= std::min(most_listed, std::max(most_listed / 20, excess / most_bytes_of_a_case));
    html = with_listed(most_listed);
  }
  return html;
}

}  // namespace lockstep::reports
