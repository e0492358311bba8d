// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reports/training_report.hpp"
#include "suites/training/fault_cases.hpp"
#include "suites/training/trial.hpp"

namespace lockstep {

/// A scenario's row in the report: agreement, speed, decomposition of the slowest rank's steps, one step's timeline. The
/// first step of a run is left out of all times: it allocates and fills caches.
reports::TrainingRun training_row(const TrainingTrial& trial, const std::string& rerun);

reports::TrainingFault training_fault_row(const TrainingFaultCase& planted, const TrainingFaultTrial& trial);

}  // namespace lockstep
