// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/plan/case.hpp"
#include "reports/report.hpp"
#include "suites/drivers/library_list.hpp"
#include "suites/drivers/task.hpp"

namespace lockstep {

/// The operator's name in the rows of libraries that could not be loaded or listed: it is that of no operator.
inline constexpr const char* kLibraryRows = "library";

/// Gathers the results of a run into a report: cases over several seeds become one row with the worst of them, faults one
/// row per (operation, dtype, fault), measurements of several processes one row with a median each.
class ReportBuilder {
 public:
  void add_case(const Case& item, std::uint64_t seed, const TaskResult& result);
  /// A library that cannot be judged gets a row of its own.
  void add_library_failure(const LibraryFailure& failure);
  /// What the command lines that rerun a case need besides it; see Selection::rerun_options.
  void set_rerun_options(std::string options) { rerun_options_ = std::move(options); }
  std::string rerun_line(const std::string& id, std::uint64_t seed) const;
  /// `id`: operator.direction/label. A task that failed as a whole becomes a missed fault named "trial".
  void add_faults(const std::string& id, const TaskResult& result);
  void add_measurements(const Case& item, const TaskResult& result);
  void add_ceiling(reports::Ceiling ceiling) { report_.ceilings.push_back(std::move(ceiling)); }
  void set_training(reports::Training training) { report_.training = std::move(training); }
  void add_rate(reports::JudgingRate rate) { report_.judging_rates.push_back(std::move(rate)); }

  /// The report with faults classified, statistics and fractions of ceilings computed. Operations with a blind fault mark
  /// their passed cases blind.
  reports::Report finish(reports::Run run, const std::string& executable) const;

 private:
  struct FaultTally {
    reports::FaultResult row;
    std::string equivalent;
  };
  void classify_faults(reports::Report& report) const;

  std::string rerun_options_;
  reports::Report report_;
  std::map<std::string, std::size_t> case_rows_, measurement_rows_;
  std::map<std::string, FaultTally> faults_;
};

/// Exit status of a report's outcomes: 3 nothing ran, 1 something failed or was blind, else 0.
int exit_status_of(const reports::Report& report);

}  // namespace lockstep
