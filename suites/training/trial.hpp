// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "harness/plan/case.hpp"
#include "suites/training/agreement.hpp"
#include "suites/training/data_sets.hpp"
#include "suites/training/rank_launcher.hpp"
#include "suites/training/scenario.hpp"

namespace lockstep {

/// What came of a scenario.
struct TrainingTrial {
  Scenario scenario;
  bool passed = false;
  /// Why not, in one line: the first number that differs, or the error that ended the run.
  std::string reason;
  /// The mode's schedule in double against the mode's formula on one rank: within 1e-9.
  TrainingAgreement schedule;
  /// Against one rank on the whole batch, where the mode is meant to equal it.
  std::optional<TrainingAgreement> one_rank;
  /// The timed run, in its own dtype and on its own implementations: each step against the formula in double from where
  /// the run stood. For the exact model bit for bit.
  TrainingAgreement timed;
  std::string tolerance;
  /// What computed the timed run.
  std::string executor;
  /// By what its ranks reached each other; empty for one rank alone.
  std::string transport;
  /// Of the timed run.
  TrainingRecord record;
};

struct TrialOptions {
  /// Where the timed run gets its operators: fast (the vendor's library, else the formula) or reference.
  bool fast = true;
  WrapCommunicator wrap_communicator;
  /// Where ranks live, borrowed; null: threads of this process.
  RankLauncher* launcher = nullptr;
  /// Fashion-MNIST where it is given; else rows made for the model.
  const FashionMnist* images = nullptr;
  /// Where training goes on, until the scenario's steps are done in all; without it the model's own beginning.
  std::optional<TrainingState> start;
  /// Given the timed run's state as TrainingJob's is.
  std::function<void(const TrainingState&)> take_state;
  std::int64_t steps_between_states = 0;
  std::function<void(const std::string& stage)> progress;
};

/// The job that trains a scenario in a dtype. The catalogue is borrowed; null: formulas only.
TrainingJob job_of(const Scenario& scenario, DType dtype, const Catalogue* catalogue, const TrialOptions& options);

/// Trains and compares. Never throws for what a run does: its error is the reason.
TrainingTrial try_scenario(const Scenario& scenario, const Catalogue& catalogue, const TrialOptions& options);

/// Does another rank's part in try_scenario of rank 0: the same trainings over the same launcher, without judging them.
/// Throws Error where a training ends with one.
void follow_scenario(const Scenario& scenario, const Catalogue& catalogue, const TrialOptions& options);

}  // namespace lockstep
