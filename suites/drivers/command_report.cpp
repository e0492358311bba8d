// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include "suites/drivers/options.hpp"

#include "harness/data/error.hpp"
#include "reports/compare.hpp"
#include "reports/html/page.hpp"
#include "reports/html/release_sheet.hpp"
#include "reports/release_file.hpp"
#include "reports/report_file.hpp"
#include "suites/drivers/cli.hpp"
#include "suites/drivers/number_checks.hpp"
#include "suites/drivers/run_stages.hpp"

namespace lockstep {
namespace {

/// The file beside `json` or the one that was asked for.
int write_page(const std::filesystem::path& json, const std::string& asked, const char* name, const std::string& html) {
  const std::filesystem::path page = asked.empty() ? json.parent_path() / name : std::filesystem::path(asked);
  reports::write_text_atomically(page, html);
  std::cout << "wrote " << page.string() << "\n";
  return kPassed;
}

}  // namespace

CommandBody add_report_command(Options& command, const Surroundings&) {
  struct Given {
    std::string report, baseline, out;
  };
  auto options = std::make_shared<Given>();
  command.add_option("REPORT", options->report, "report.json or release.json, or the folder that holds report.json")
      .required();
  command.add_option("--baseline", options->baseline, "an earlier report, to say what changed since");
  command.add_option("--out", options->out, "the HTML file (default: report.html or release.html beside the JSON)");
  return [options](const std::vector<std::string>&) -> int {
    const std::filesystem::path path = report_path(options->report);
    const std::string json_name = path.filename().string();
    if (reports::is_release_file(path)) {
      if (!options->baseline.empty()) throw Error(path.string() + " is a release; accepted with --baseline: a report");
      return write_page(path, options->out, "release.html",
                        reports::render_release(reports::read_release(path), json_name));
    }
    const reports::Report report = reports::read_report(path);
    std::optional<reports::Report> baseline;
    if (!options->baseline.empty()) baseline = reports::read_report(report_path(options->baseline));
    return write_page(path, options->out, "report.html",
                      reports::render_html(report, baseline ? &*baseline : nullptr, json_name));
  };
}

CommandBody add_compare_command(Options& command, const Surroundings&) {
  struct Given {
    std::string baseline, current;
    reports::CompareOptions how;
  };
  auto options = std::make_shared<Given>();
  command.add_option("BASELINE", options->baseline, "the earlier report").required();
  command.add_option("CURRENT", options->current, "the later report").required();
  command.add_option("--delta", options->how.delta, "relative change that counts as none")
      .check(reject_fraction)
      .show_default();
  return [options](const std::vector<std::string>&) -> int {
    const reports::Report baseline = reports::read_report(report_path(options->baseline));
    const reports::Report current = reports::read_report(report_path(options->current));
    const reports::Comparison comparison = reports::compare(baseline, current, options->how);
    std::cout << reports::compare_text(comparison);
    return comparison.got_worse() ? kFailed : kPassed;
  };
}

}  // namespace lockstep
