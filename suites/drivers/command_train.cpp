// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <iomanip>
#include <iostream>
#include <limits>
#include <memory>
#include <sstream>

#include "harness/data/error.hpp"
#include "suites/drivers/cli.hpp"
#include "suites/drivers/environment.hpp"
#include "suites/drivers/images.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/progress.hpp"
#include "suites/drivers/run_stages.hpp"
#include "suites/drivers/scenario_options.hpp"
#include "suites/drivers/training_rows.hpp"
#include "suites/training/modes/modes.hpp"

namespace lockstep {
namespace {

struct TrainOptions {
  ScenarioOptions scenario;
  std::vector<std::string> modes;
  std::string out, data = "auto", executor = "fast";
  bool no_faults = false;
};

std::vector<Scenario> scenarios_of(const TrainOptions& options) {
  std::vector<Scenario> scenarios;
  for (const std::string& model : options.scenario.models) {
    if (options.modes.empty()) {
      const auto standard = standard_scenarios(model, options.scenario.ranks, options.scenario.rows,
                                               options.scenario.steps, options.scenario.seed);
      scenarios.insert(scenarios.end(), standard.begin(), standard.end());
      continue;
    }
    for (const std::string& mode : options.modes) {
      const bool is_alone = mode == "single" || mode == "gradient_accumulation";
      for (const int ranks : is_alone ? std::vector<int>{1} : options.scenario.ranks) {
        scenarios.push_back(options.scenario.make(model, mode, ranks));
        find_mode(mode);
        const std::string refusal = find_mode(mode).refusal(scenarios.back().plan, options.scenario.rows);
        if (!refusal.empty()) throw Error("train: mode " + mode + ": " + refusal);
      }
    }
  }
  return scenarios;
}

std::string rerun_line(const Scenario& scenario) {
  return "lockstep train --model " + scenario.model + " --mode " + scenario.plan.mode + " --ranks " +
         std::to_string(scenario.plan.ranks) + " --rows " + std::to_string(scenario.rows) + " --steps " +
         std::to_string(scenario.steps) + " --seed " + std::to_string(scenario.seed) + ScenarioOptions::flags(scenario);
}

std::string line_of(const reports::TrainingRun& row) {
  std::ostringstream line;
  line << (row.outcome == reports::Outcome::passed ? "passed  " : "FAILED  ") << row.id;
  if (row.agreement) {
    const reports::TrainingAgreement& a = *row.agreement;
    const double worst = std::max({a.worst_loss, a.worst_gradient, a.worst_parameter, a.worst_buffer});
    line << ": " << (a.bit_identical ? std::string("bit-identical") : "worst " + [&] {
      std::ostringstream text;
      text << std::setprecision(3) << worst << " of its limit";
      return text.str();
    }());
  }
  if (row.step_time) line << std::setprecision(4) << ", " << row.step_time->median_seconds * 1e3 << " ms a step";
  if (row.oversubscribed) line << " (more ranks than cores)";
  if (!row.reason.empty()) line << "\n        " << row.reason << "\n        " << row.rerun;
  return line.str();
}

/// Fashion-MNIST for models of 28x28 images where it is asked for or at hand.
bool takes_images(const std::string& model) { return find_model(model).row_shape == Shape{1, 28, 28}; }

void try_scenarios(const TrainOptions& options, const Surroundings& surroundings, reports::Training& training) {
  const std::vector<Scenario> scenarios = scenarios_of(options);
  std::unique_ptr<FashionMnist> images;
  const bool wants_images = options.data == "fashion_mnist" || (options.data == "auto" && images_unavailable().empty());
  Progress progress("training", scenarios.size());
  for (std::size_t i = 0; i < scenarios.size() && !interrupted(); ++i) {
    const Scenario& scenario = scenarios[i];
    progress.advance(i, scenario.id());
    TrialOptions trial_options;
    trial_options.fast = options.executor == "fast";
    if (wants_images && takes_images(scenario.model)) {
      if (!images) images = std::make_unique<FashionMnist>(true);
      trial_options.images = images.get();
    }
    training.runs.push_back(
        training_row(try_scenario(scenario, surroundings.catalogue, trial_options), rerun_line(scenario)));
    std::cout << line_of(training.runs.back()) << std::endl;
  }
}

void try_faults(reports::Training& training) {
  const std::vector<TrainingFaultCase>& faults = training_fault_cases();
  Progress progress("planted faults", faults.size());
  std::size_t caught = 0;
  for (std::size_t i = 0; i < faults.size() && !interrupted(); ++i) {
    progress.advance(i, faults[i].id);
    training.faults.push_back(training_fault_row(faults[i], try_training_fault(faults[i])));
    caught += training.faults.back().caught;
    if (!training.faults.back().caught)
      std::cout << "MISSED  fault " << faults[i].id << ": " << training.faults.back().by << std::endl;
  }
  std::cout << "planted faults caught: " << caught << " of " << training.faults.size() << std::endl;
}

int status_of(const reports::Training& training) {
  if (interrupted()) return kInterrupted;
  if (training.runs.empty()) return kNothingRan;
  for (const reports::TrainingRun& run : training.runs)
    if (run.outcome != reports::Outcome::passed) return kFailed;
  for (const reports::TrainingFault& fault : training.faults)
    if (!fault.caught) return kFailed;
  return kPassed;
}

int train_command(const TrainOptions& options, const Surroundings& surroundings) {
  if (!options.out.empty()) prepare_folder(options.out);
  const auto start = std::chrono::steady_clock::now();
  const std::string started = utc_now();
  const InterruptGuard guard;
  std::cout << "seed " << options.scenario.seed << std::endl;
  reports::Training training;
  try_scenarios(options, surroundings, training);
  if (!options.no_faults && options.modes.empty()) try_faults(training);
  const int status = status_of(training);
  if (!options.out.empty()) {
    reports::Run run;
    run.command = surroundings.command_line;
    run.suite = "train";
    run.seed = options.scenario.seed;
    run.started_utc = started;
    run.workers = 1;
    run.interrupted = interrupted();
    run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    run.exit_status = status;
    ReportBuilder builder;
    builder.set_training(std::move(training));
    reports::Report report = builder.finish(run, "lockstep");
    write_reports(report, options.out);
  }
  return status;
}

}  // namespace

CommandBody add_train_command(CLI::App& command, const Surroundings& surroundings) {
  auto options = std::make_shared<TrainOptions>();
  options->scenario.add_options(command);
  std::string modes;
  for (const TrainingMode& mode : training_modes()) modes += (modes.empty() ? "" : ", ") + mode.name;
  command.add_option(
      "--mode", options->modes,
      modes + "; with the options below. Without it: the table of all modes and what can be switched on");
  command.add_option("--executor", options->executor, "what computes the timed run: fast or reference")
      ->check(CLI::IsMember({"fast", "reference"}))
      ->capture_default_str();
  command.add_option("--data", options->data, "for models of images: fashion_mnist, synthetic or auto")
      ->check(CLI::IsMember({"auto", "fashion_mnist", "synthetic"}))
      ->capture_default_str();
  command.add_flag("--no-faults", options->no_faults, "do not plant faults");
  command.add_option("--out", options->out, "folder for report.json and report.html");
  command.footer(
      "Every run is judged: its schedule in f64 against the mode's formula on one rank, and the timed run in its own\n"
      "precision against the same in f64, step by step: losses, gradients, parameters, buffers.");
  return [=](const std::vector<std::string>&) -> int { return train_command(*options, surroundings); };
}

}  // namespace lockstep
