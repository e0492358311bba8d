// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/training_stage.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>

#include "suites/drivers/images.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/progress.hpp"
#include "suites/drivers/scenario_options.hpp"
#include "suites/drivers/training_rows.hpp"

namespace lockstep {
namespace {

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

}  // namespace

void train_scenarios(const std::vector<Scenario>& scenarios, const Catalogue& catalogue,
                     const TrainingStageOptions& options, bool quietly, reports::Training& training) {
  std::unique_ptr<FashionMnist> images;
  const bool wants_images = options.data == "fashion_mnist" || (options.data == "auto" && images_unavailable().empty());
  Progress progress("training", scenarios.size());
  for (std::size_t i = 0; i < scenarios.size() && !interrupted(); ++i) {
    const Scenario& scenario = scenarios[i];
    progress.advance(i, scenario.id());
    TrialOptions trial_options;
    trial_options.fast = options.fast;
    if (wants_images && takes_images(scenario.model)) {
      if (!images) images = std::make_unique<FashionMnist>(true);
      trial_options.images = images.get();
    }
    training.runs.push_back(training_row(try_scenario(scenario, catalogue, trial_options), rerun_line(scenario)));
    if (!quietly || training.runs.back().outcome != reports::Outcome::passed)
      std::cout << line_of(training.runs.back()) << std::endl;
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
