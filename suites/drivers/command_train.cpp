// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include "suites/drivers/options.hpp"

#include "harness/data/error.hpp"
#include "suites/drivers/cli.hpp"
#include "suites/drivers/environment.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/rank_processes.hpp"
#include "suites/drivers/run_stages.hpp"
#include "suites/drivers/scenario_options.hpp"
#include "suites/drivers/training_stage.hpp"
#include "suites/training/modes/modes.hpp"

namespace lockstep {
namespace {

struct TrainOptions {
  ScenarioOptions scenario;
  std::vector<std::string> modes;
  std::string out, data = "auto", executor = "fast", save, resume, transport = "threads";
  std::int64_t save_every = 0;
  bool no_faults = false;
};

std::vector<Scenario> scenarios_of(const TrainOptions& options) {
  std::vector<Scenario> scenarios;
  if (options.modes.empty()) options.scenario.check_without_mode();
  for (const std::string& model : options.scenario.models) {
    find_trainable_model(model);
    if (options.modes.empty()) {
      const auto standard = standard_scenarios(model, options.scenario.ranks, options.scenario.rows,
                                               options.scenario.steps, options.scenario.seed);
      scenarios.insert(scenarios.end(), standard.begin(), standard.end());
      continue;
    }
    for (const std::string& mode : options.modes) {
      for (const int ranks : trains_alone(mode) ? std::vector{1} : options.scenario.ranks) {
        scenarios.push_back(options.scenario.make(model, mode, ranks));
        const std::string refusal = find_mode(mode).refusal(scenarios.back().plan, options.scenario.rows);
        if (!refusal.empty()) throw Error("train: mode " + mode + ": " + refusal);
      }
    }
  }
  return scenarios;
}

/// Where ranks are processes it may be another one that was interrupted.
bool ended_early(const reports::Training& training, const std::vector<Scenario>& scenarios) {
  return interrupted() || training.runs.size() < scenarios.size();
}

int status_of(const reports::Training& training, const std::vector<Scenario>& scenarios) {
  if (ended_early(training, scenarios)) return kInterrupted;
  return training.runs.empty() ? static_cast<int>(kNothingRan) : exit_status_of(training);
}

/// What is saved or resumed is one run.
const Scenario& only(const std::vector<Scenario>& scenarios, const char* option) {
  if (scenarios.size() != 1)
    throw Error(std::string("train: ") + option + " with " + std::to_string(scenarios.size()) +
                " runs; accepted: one --model, one --mode, one number of --ranks");
  return scenarios[0];
}

TrainingStageOptions stage_options(const TrainOptions& options, std::optional<SavedTraining> resumed,
                                   const std::vector<Scenario>& scenarios) {
  TrainingStageOptions stage;
  stage.fast = options.executor == "fast";
  stage.data = options.data;
  if (!options.save.empty()) {
    only(scenarios, "--save");
    try {
      prepare_for_saving(options.save);
    } catch (const Error& error) {
      throw Error(std::string("train: --save ") + error.what() + "; accepted: a folder that can be written");
    }
    stage.save = options.save;
    stage.save_every = options.save_every;
  }
  if (!resumed) return stage;
  const Scenario& scenario = only(scenarios, "--resume");
  const std::string where = "train: --resume " + options.resume + ": ";
  if (scenario.model == "exact") throw Error(where + "the exact model trains one step; accepted: another model");
  if (scenario.steps <= resumed->state.step)
    throw Error(where + std::to_string(resumed->state.step) + " steps are done and --steps is " +
                std::to_string(scenario.steps) + ", counted from the beginning; accepted: more");
  const std::string data = data_set_of(scenario.model, options.data);
  if (data != resumed->data)
    throw Error(where + "its data are " + resumed->data + ", here they would be " + data + "; accepted: --data " +
                resumed->data);
  try {
    expect_fits(*resumed, scenario.model, scenario.plan.optimizer);
  } catch (const Error& error) {
    throw Error(where + error.what());
  }
  stage.resumed = std::move(resumed);
  stage.resumed_from = options.resume;
  return stage;
}

/// Trains, judges and reports; over processes as their rank 0.
int train_and_report(const TrainOptions& options, const std::vector<Scenario>& scenarios,
                     const TrainingStageOptions& stage, const Surroundings& surroundings) {
  const auto start = std::chrono::steady_clock::now();
  const std::string started = utc_now();
  const InterruptGuard guard;
  std::cout << "seed " << options.scenario.seed << std::endl;
  reports::Training training;
  train_scenarios(scenarios, surroundings.catalogue, stage, false, training);
  if (!options.no_faults && options.modes.empty() && !ended_early(training, scenarios)) plant_training_faults(training);
  const int status = status_of(training, scenarios);
  if (!options.out.empty()) {
    reports::Run run;
    run.command = surroundings.command_line;
    run.suite = "train";
    run.seed = options.scenario.seed;
    run.started_utc = started;
    run.workers = 1;
    run.interrupted = ended_early(training, scenarios);
    run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    run.exit_status = status;
    ReportBuilder builder;
    builder.set_training(std::move(training));
    reports::Report report = builder.finish(run, "lockstep");
    write_reports(report, options.out);
  }
  return status;
}

/// As one of the processes that were launched together; every one of them ends with rank 0's status.
int train_as_rank(const TrainOptions& options, const std::vector<Scenario>& scenarios, const LaunchEnvironment& launch,
                  const Surroundings& surroundings) {
  const std::unique_ptr<ProcessRank> rank =
      surroundings.process_transport.connect(launch, scenarios.front().plan.arrival_limit_seconds);
  ProcessLauncher launcher(*rank);
  TrainingStageOptions stage = stage_options(options, std::nullopt, scenarios);
  stage.launcher = &launcher;
  try {
    int status = kPassed;
    if (launch.rank == 0) {
      status = train_and_report(options, scenarios, stage, surroundings);
    } else {
      const InterruptGuard guard;
      follow_scenarios(scenarios, surroundings.catalogue, stage);
    }
    return launcher.status_of_rank_0(status);
  } catch (const std::exception& error) {
    // At once: the other ranks write there too.
    std::cerr << "lockstep: train: rank " + std::to_string(launch.rank) + ": " + error.what() + '\n';
    return kFailed;
  }
}

/// Starts the ranks as processes, or is one of them.
int train_over_processes(TrainOptions options, const Surroundings& surroundings) {
  const std::string where = "train: --transport " + options.transport + ": ";
  if (!options.save.empty() || !options.resume.empty())
    throw Error(where + "with --save or --resume; accepted: without them, or with --transport threads");
  std::optional<LaunchEnvironment> launch;
  std::vector<int>& ranks = options.scenario.ranks;
  if (is_launched()) {
    launch = read_launch_environment();
    if (!options.scenario.is_given("--ranks")) ranks = {launch->size};
    if (ranks != std::vector{launch->size})
      throw Error(where + launch->launcher + " started " + std::to_string(launch->size) +
                  " processes, and --ranks says otherwise; accepted: --ranks " + std::to_string(launch->size) +
                  ", or none");
  }
  if (ranks.size() != 1)
    throw Error(where + "several numbers of ranks; accepted: one --ranks, with a process for each");
  const std::vector<Scenario> scenarios = scenarios_of(options);
  if (std::all_of(scenarios.begin(), scenarios.end(), [](const Scenario& each) { return each.trains_alone(); }))
    throw Error(where + "no rank would talk to another; accepted: a parallel --mode, or --ranks 2 and more");
  if (const std::string why = surroundings.process_transport.unavailable(); !why.empty()) throw Error(where + why);
  if (!options.out.empty() && (!launch || launch->rank == 0)) prepare_folder(options.out);
  if (launch) return train_as_rank(options, scenarios, *launch, surroundings);
  std::vector<std::string> command = surroundings.arguments;
  command.insert(command.begin(), surroundings.program);
  return run_rank_processes(command, ranks[0]);
}

int train_command(TrainOptions options, const Surroundings& surroundings) {
  if (options.transport != "threads") return train_over_processes(std::move(options), surroundings);
  std::optional<SavedTraining> resumed;
  if (!options.resume.empty()) {
    resumed = read_training(options.resume);
    options.scenario.go_on_with(*resumed);
    if (options.data == "auto") options.data = resumed->data;
  }
  const std::vector<Scenario> scenarios = scenarios_of(options);
  const TrainingStageOptions stage = stage_options(options, std::move(resumed), scenarios);
  if (!options.out.empty()) prepare_folder(options.out);
  return train_and_report(options, scenarios, stage, surroundings);
}

}  // namespace

CommandBody add_train_command(Options& command, const Surroundings& surroundings) {
  auto options = std::make_shared<TrainOptions>();
  options->scenario.add_options(command);
  std::string modes;
  for (const TrainingMode& mode : training_modes()) modes += (modes.empty() ? "" : ", ") + mode.name;
  command.add_option(
      "--mode", options->modes,
      modes + "; with the options below. Without it: the table of all modes and what can be switched on");
  command.add_option("--executor", options->executor, "what computes the timed run: fast or reference")
      .one_of({"fast", "reference"})
      .show_default();
  command.add_option("--data", options->data, "for models of images: fashion_mnist, synthetic or auto")
      .one_of({"auto", "fashion_mnist", "synthetic"})
      .show_default();
  command
      .add_option(
          "--transport", options->transport,
          "how ranks reach each other: threads of this program, or nccl: processes on GPUs, those that torchrun, "
          "mpirun or srun started, else one for each of --ranks on this host (several on one GPU for correctness "
          "only). Models are computed on the CPU either way, and buffers copied")
      .one_of({"threads", "nccl"})
      .show_default();
  command.add_option("--save", options->save,
                     "folder for the state of the run, which --resume takes; for one run alone");
  command.add_option("--save-every", options->save_every, "steps between two saves (0: at the end alone)")
      .within(0, 1 << 20)
      .show_default();
  command.add_option(
      "--resume", options->resume,
      "folder that --save wrote: go on from there, in any mode and at any number of ranks, until --steps "
      "are done in all");
  command.add_flag("--no-faults", options->no_faults, "do not plant faults");
  command.add_option("--out", options->out, "folder for report.json and report.html");
  command.footer(
      "Every run is judged: its schedule in f64 against the mode's formula on one rank, and the timed run in its own\n"
      "precision against the same in f64, step by step: losses, gradients, parameters, buffers.");
  return [=](const std::vector<std::string>&) -> int { return train_command(*options, surroundings); };
}

}  // namespace lockstep
