// SPDX-License-Identifier: Apache-2.0
// Writes invented reports and their pages into a folder, for the test of the page in a browser.
#include <cstdio>
#include <exception>
#include <filesystem>

#include "reports/html/page.hpp"
#include "reports/html/release_sheet.hpp"
#include "reports/release_file.hpp"
#include "reports/testing/synthetic_release.hpp"
#include "reports/testing/synthetic_report.hpp"

using namespace lockstep::reports;

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
    return 2;
  }
  try {
    const std::filesystem::path folder = arguments[1];
    std::filesystem::create_directories(folder);
    const auto write = [&](const std::string& name, const Report& report, const Report* baseline) {
      write_report(folder / (name + ".json"), report);
      write_text_atomically(folder / (name + ".html"), render_html(report, baseline, name + ".json"));
    };
    const Report before = synthetic_report({.failing = false, .seed = 3, .pairing = "night"});
    write("nightly", synthetic_report({.hostile = true}), nullptr);
    write("failing", synthetic_report({.seed = 4, .speed_factor = 1.03, .pairing = "night"}), &before);
    write("passing", synthetic_report({.cases = 400, .failing = false}), nullptr);
    write("gpu", synthetic_report({.cases = 3000, .failing = false, .gpu = true}), nullptr);
    write("large", synthetic_report({.cases = 10000}), nullptr);
    write("empty", Report{}, nullptr);
    Report drawn = synthetic_report({.cases = 40});
    drawn.fuzzing = synthetic_fuzzing();
    write("drawn", drawn, nullptr);
    for (const bool held : {true, false}) {
      const Release release = synthetic_release(held, held);
      const std::string name = held ? "held" : "released";
      write_release(folder / (name + ".json"), release);
      write_text_atomically(folder / (name + ".html"), render_release(release, name + ".json", ""));
    }
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
