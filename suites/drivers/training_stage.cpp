// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/training_stage.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>

#include "harness/data/error.hpp"
#include "suites/drivers/images.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/progress.hpp"
#include "suites/drivers/scenario_options.hpp"
#include "suites/drivers/training_rows.hpp"

namespace lockstep {
namespace {

std::string rerun_line(const Scenario& scenario, const TrainingStageOptions& options) {
  return "lockstep train --model " + scenario.model + " --mode " + scenario.plan.mode + " --ranks " +
         std::to_string(scenario.plan.ranks) + " --rows " + std::to_string(scenario.rows) + " --steps " +
         std::to_string(scenario.steps) + " --seed " + std::to_string(scenario.seed) +
         ScenarioOptions::flags(scenario) +
         (options.launcher && !scenario.trains_alone() ? " --transport " + options.launcher->transport() : "") +
         (options.resumed ? " --resume " + options.resumed_from : "");
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
  if (row.mode == "data_parallel")
    for (std::size_t device = 0; device < row.memory_bytes.size(); ++device)
      line << (device == 0 ? ", bytes by device " : " ") << row.memory_bytes[device];
  if (row.oversubscribed) line << " (more ranks than cores)";
  if (!row.reason.empty()) line << "\n        " << row.reason << "\n        " << row.rerun;
  return line.str();
}

void save(const TrainingState& state, const Scenario& scenario, const TrainingStageOptions& options) {
  SavedTraining saved;
  saved.state = state;
  saved.model = scenario.model;
  saved.dtype = scenario.dtype;
  saved.optimizer = scenario.plan.optimizer;
  saved.scales_loss = scenario.plan.loss_scaling.has_value();
  saved.data = data_set_of(scenario.model, options.data);
  saved.seed = scenario.seed;
  saved.rows = scenario.rows;
  saved.mode = scenario.plan.mode;
  saved.ranks = scenario.plan.ranks;
  save_training(saved, options.save);
}

/// What every rank of a scenario needs; images are read when they are first wanted.
TrialOptions trial_options_of(const Scenario& scenario, const TrainingStageOptions& options,
                              std::unique_ptr<FashionMnist>& images) {
  TrialOptions trial;
  trial.fast = options.fast;
  trial.launcher = options.launcher;
  if (data_set_of(scenario.model, options.data) == "fashion_mnist") {
    if (!images) images = std::make_unique<FashionMnist>(true);
    trial.images = images.get();
  }
  return trial;
}

/// An interruption may reach one rank and not another. Where ranks have parted, rank 0 goes on alone: every training that
/// needs the others then says why it failed.
bool goes_on(const Scenario& scenario, const TrainingStageOptions& options) {
  if (!options.launcher) return !interrupted();
  try {
    return options.launcher->all_go_on(scenario.id(), !interrupted());
  } catch (const Error&) {
    if (options.launcher->rank() != 0) throw;
    return !interrupted();
  }
}

}  // namespace

std::string data_set_of(const std::string& model, const std::string& data) {
  const bool takes_images = find_model(model).row_shape == Shape{1, 28, 28};
  const bool wants_images = data == "fashion_mnist" || (data == "auto" && images_unavailable().empty());
  return takes_images && wants_images ? "fashion_mnist" : "synthetic";
}

void train_scenarios(const std::vector<Scenario>& scenarios, const Catalogue& catalogue,
                     const TrainingStageOptions& options, bool quietly, reports::Training& training) {
  std::unique_ptr<FashionMnist> images;
  Progress progress("training", scenarios.size());
  for (std::size_t i = 0; i < scenarios.size() && goes_on(scenarios[i], options); ++i) {
    const Scenario& scenario = scenarios[i];
    progress.advance(i, scenario.id());
    TrialOptions trial_options = trial_options_of(scenario, options, images);
    if (options.resumed) trial_options.start = options.resumed->state;
    if (!options.save.empty()) {
      trial_options.take_state = [&](const TrainingState& state) { save(state, scenario, options); };
      trial_options.steps_between_states = options.save_every;
    }
    const TrainingTrial trial = try_scenario(scenario, catalogue, trial_options);
    reports::TrainingRun row = training_row(trial, rerun_line(scenario, options));
    if (options.resumed)
      row.note += (row.note.empty() ? "" : "; ") + std::string("went on behind step ") +
                  std::to_string(options.resumed->state.step) + ", saved by " + options.resumed->mode + " at " +
                  std::to_string(options.resumed->ranks) + " ranks";
    if (options.launcher && !scenario.trains_alone())
      row.note += (row.note.empty() ? "" : "; ") + options.launcher->remark();
    training.runs.push_back(std::move(row));
    // A run that an error ended has the state of its last save alone.
    if (!options.save.empty() && !trial.record.ranks.empty()) save(trial.record.state, scenario, options);
    if (!quietly || training.runs.back().outcome != reports::Outcome::passed)
      std::cout << line_of(training.runs.back()) << std::endl;
  }
}

void follow_scenarios(const std::vector<Scenario>& scenarios, const Catalogue& catalogue,
                      const TrainingStageOptions& options) {
  std::unique_ptr<FashionMnist> images;
  for (const Scenario& scenario : scenarios) {
    if (!goes_on(scenario, options)) return;
    follow_scenario(scenario, catalogue, trial_options_of(scenario, options, images));
  }
}

void plant_training_faults(reports::Training& training) {
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

int exit_status_of(const reports::Training& training) {
  for (const reports::TrainingRun& run : training.runs)
    if (run.outcome != reports::Outcome::passed) return 1;
  for (const reports::TrainingFault& fault : training.faults)
    if (!fault.caught) return 1;
  return 0;
}

}  // namespace lockstep
