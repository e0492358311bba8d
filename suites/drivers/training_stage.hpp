// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/plan/case.hpp"
#include "reports/training_report.hpp"
#include "suites/training/process_launcher.hpp"
#include "suites/training/saved_training.hpp"
#include "suites/training/scenario.hpp"

namespace lockstep {

struct TrainingStageOptions {
  /// What computes the timed runs: the vendor's library where it has the operator, else the formulas; or formulas alone.
  bool fast = true;
  /// For models of 28x28 images: fashion_mnist, synthetic, or auto (Fashion-MNIST where it is at hand).
  std::string data = "auto";
  /// A folder to put the state of the run into, at its end and behind every save_every steps (0: at the end alone); empty
  /// for none. With it or with `resumed` there is one scenario.
  std::string save;
  std::int64_t save_every = 0;
  /// What the run goes on with, and the folder it came from.
  std::optional<SavedTraining> resumed;
  std::string resumed_from;
  /// Where this process is one rank of several, borrowed; null: ranks are threads.
  ProcessLauncher* launcher = nullptr;
};

/// fashion_mnist or synthetic: what a model is trained on where `data` was asked for.
std::string data_set_of(const std::string& model, const std::string& data);

/// Judges and times scenarios one after the other, with progress on standard error and a line for each run on standard
/// output (for failed ones alone where `quietly`). Ends early when the program is interrupted.
void train_scenarios(const std::vector<Scenario>& scenarios, const Catalogue& catalogue,
                     const TrainingStageOptions& options, bool quietly, reports::Training& training);

/// The part in train_scenarios of a rank other than 0: the same trainings, without judging or telling. Ends when the ranks do
/// not all want to go on. Throws Error where a training ends with one.
void follow_scenarios(const std::vector<Scenario>& scenarios, const Catalogue& catalogue,
                      const TrainingStageOptions& options);

/// Plants every fault of parallel training; the score goes to standard output.
void plant_training_faults(reports::Training& training);

/// 1 when a run did not pass or a fault was missed, else 0.
int exit_status_of(const reports::Training& training);

}  // namespace lockstep
