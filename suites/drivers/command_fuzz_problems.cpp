// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>

#include "suites/drivers/cli.hpp"
#include "suites/drivers/environment.hpp"
#include "suites/drivers/fuzzing.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/number_checks.hpp"
#include "suites/drivers/options.hpp"
#include "suites/drivers/run_stages.hpp"

namespace lockstep {
namespace {

int fuzz(const FuzzOptions& options, const Surroundings& surroundings) {
  const std::string started = utc_now();
  if (!options.selection.out.empty()) prepare_folder(options.selection.out);
  const ListedLibraries libraries(surroundings.catalogue, options.selection, surroundings.program);
  Fuzzing fuzzing(options, libraries, surroundings.program);
  std::cout << "seed " << options.selection.seed << ", numbers from " << options.first << "\n" << std::flush;
  const InterruptGuard guard;
  fuzzing.run();

  reports::Run description;
  description.command = surroundings.command_line;
  description.suite = "fuzz";
  description.filter = options.operators;
  description.seed = options.selection.seed;
  description.started_utc = started;
  description.workers = options.selection.worker_count();
  reports::Report report = fuzzing.builder().finish(description, "lockstep");
  report.run.interrupted = interrupted();
  report.fuzzing = {.first = options.first, .rows = fuzzing.table().rows()};
  shrink_failures(report, libraries.catalogue(), options.selection, surroundings.program, options.shrinking,
                  options.selection.out);
  const FuzzTable& table = fuzzing.table();
  const int status = interrupted()                                          ? kInterrupted
                     : fuzzing.findings() > 0                               ? kFailed
                     : table.count("accepted") + table.count("refused") > 0 ? kPassed
                                                                            : kNothingRan;
  report.run.exit_status = status;
  std::cout << table.text() << fuzzing.problems() << " problems drawn with seed " << options.selection.seed << ": "
            << table.count("accepted") << " taken by the contract, " << table.count("refused") << " refused, "
            << table.count("malformed") << " malformed; " << fuzzing.findings() << " findings\n";
  if (!options.selection.out.empty()) write_reports(report, options.selection.out);
  return status;
}

}  // namespace

CommandBody add_fuzz_command(Options& command, const Surroundings& surroundings) {
  auto options = std::make_shared<FuzzOptions>();
  options->selection.timeout_seconds = 30;
  command.add_option("OPERATOR", options->operators, "an operator, or a pattern of several: '*' for all").required();
  command
      .add_option("--implementation", options->implementation,
                  "only implementations that match: * and ? as in a shell, else a substring; the reference always runs")
      .show_default();
  command.add_option("--minutes", options->minutes, "how long problems are drawn and judged")
      .check(reject_amount)
      .show_default();
  command.add_option("--cases", options->cases, "at most this many problems (default: as many as the time allows)")
      .check(reject_count);
  command.add_option("--first", options->first, "number of the first problem: with --cases 1 that one again")
      .check(reject_count)
      .show_default();
  options->selection.add_worker_options(command);
  options->selection.add_load_option(command);
  options->selection.add_workspace_option(command);
  options->shrinking.add_options(command);
  command.footer(
      "The same seed and number give the same problem. Problems that the contract takes are judged by every gate; the "
      "others must be refused. The table says which were taken and why others were not.");
  return [=](const std::vector<std::string>&) -> int { return fuzz(*options, surroundings); };
}

}  // namespace lockstep
