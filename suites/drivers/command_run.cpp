// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include "suites/drivers/options.hpp"

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>

#include "harness/simt/check_mode.hpp"
#include "reports/report_file.hpp"
#include "reports/summary_text.hpp"
#include "reports/totals.hpp"
#include "suites/drivers/cli.hpp"
#include "suites/drivers/dump.hpp"
#include "suites/drivers/environment.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/library_list.hpp"
#include "suites/drivers/run_stages.hpp"
#include "suites/drivers/shrinking.hpp"
#include "suites/drivers/training_stage.hpp"

namespace lockstep {
namespace {

struct RunOptions {
  Selection selection;
  std::string baseline;
  int rounds = 3;
  ShrinkLimits shrinking;
  bool no_timing = false, no_faults = false, no_training = false;
};

reports::Run describe_run(const RunOptions& options, const std::string& command_line, const std::string& started) {
  reports::Run run;
  run.command = command_line;
  run.suite = options.selection.suite;
  for (const std::string& filter : options.selection.filters) run.filter += (run.filter.empty() ? "" : " ") + filter;
  run.seed = options.selection.seed;
  for (int k = 0; k < options.selection.seeds; ++k) run.seeds.push_back(run.seed + static_cast<std::uint64_t>(k));
  run.started_utc = started;
  run.workers = options.selection.worker_count();
  run.expected_cases = options.selection.expect_cases;
  return run;
}

int status_of(const reports::Report& report, const RunOptions& options) {
  if (interrupted()) return kInterrupted;
  const int status = exit_status_of(report.training) != 0 ? 1 : exit_status_of(report);
  const std::int64_t ran = reports::totals_of(report).judged_cases;
  if (options.selection.expect_cases && ran < *options.selection.expect_cases) {
    std::cerr << "lockstep: " << ran << " cases ran, --expect-cases asks for " << *options.selection.expect_cases
              << "\n";
    return kFailed;
  }
  return status;
}

/// Training is no case of an operator: a selection of cases leaves it out.
bool trains(const RunOptions& options) {
  return !options.no_training && options.selection.filters.empty() && options.selection.cases.empty();
}

reports::Training train_suite(const RunOptions& options, const Catalogue& catalogue) {
  const bool is_smoke = options.selection.suite == "smoke";
  const std::vector<std::string> models =
      is_smoke ? std::vector<std::string>{"exact", "mlp", "conv"}
               : std::vector<std::string>{"exact", "mlp", "conv", "tfm", "image_conv_net"};
  constexpr std::int64_t kRows = 16, kSteps = 6;
  std::vector<Scenario> scenarios;
  for (const std::string& model : models)
    for (Scenario& scenario : standard_scenarios(model, is_smoke ? std::vector{2} : std::vector{2, 4}, kRows, kSteps,
                                                 options.selection.seed))
      scenarios.push_back(std::move(scenario));
  reports::Training training;
  train_scenarios(scenarios, catalogue, {}, true, training);
  if (!options.no_faults) plant_training_faults(training);
  return training;
}

int run(const RunOptions& options, const Surroundings& surroundings) {
  const auto start = std::chrono::steady_clock::now();
  const std::string started = utc_now();
  const ListedLibraries libraries(surroundings.catalogue, options.selection, surroundings.program);
  const std::vector<Case> cases = libraries.select();
  // Read before the run: it may lie where this run writes, and hours of work must not end in a misspelt path.
  std::optional<reports::Report> baseline;
  if (!options.baseline.empty()) baseline = reports::read_report(report_path(options.baseline));
  prepare_folder(options.selection.out);
  std::cout << "seed " << options.selection.seed << "\n" << std::flush;
  const InterruptGuard guard;
  ReportBuilder builder;
  builder.set_rerun_options(options.selection.rerun_options());
  for (const LibraryFailure& failure : libraries.failures()) builder.add_library_failure(failure);
  judge_cases(cases, options.selection, surroundings.program, builder);
  if (!options.no_faults) judge_faults(cases, options.selection, surroundings.program, builder);
  if (trains(options) && !interrupted()) builder.set_training(train_suite(options, surroundings.catalogue));
  if (!options.no_timing && !simt::check_mode())
    time_cases(cases, options.selection, surroundings.program, options.rounds, builder);

  reports::Report report = builder.finish(describe_run(options, surroundings.command_line, started), "lockstep");
  report.run.interrupted = interrupted();
  shrink_failures(report, libraries.catalogue(), options.selection, surroundings.program, options.shrinking,
                  options.selection.out);
  report.run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.run.exit_status = status_of(report, options);
  dump_failures(report, libraries.catalogue(), options.selection.out);
  std::cout << reports::summary_text(report, isatty(STDOUT_FILENO) != 0);
  write_reports(report, options.selection.out, baseline ? &*baseline : nullptr);
  return report.run.exit_status;
}

}  // namespace

CommandBody add_run_command(Options& command, const Surroundings& surroundings) {
  auto options = std::make_shared<RunOptions>();
  options->selection.out = "lockstep-report";
  options->selection.add_options(command);
  command.add_option("--baseline", options->baseline,
                     "an earlier report.json, or the folder that holds it: the page says what changed since");
  command.add_option("--rounds", options->rounds, "processes per timed case").within(1, 1000).show_default();
  options->shrinking.add_options(command);
  command.add_flag("--no-timing", options->no_timing, "judge only");
  command.add_flag("--no-training", options->no_training, "operators only");
  command.add_flag("--no-faults", options->no_faults, "do not plant faults");
  return [=](const std::vector<std::string>&) -> int { return run(*options, surroundings); };
}

}  // namespace lockstep
