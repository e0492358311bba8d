// SPDX-License-Identifier: Apache-2.0
#pragma once
// Everything that is derived from a report: counts, what is broken, and the sentence that says it.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "reports/report.hpp"

namespace lockstep::reports {

inline constexpr std::size_t outcome_count = 7;

// Of the training runs, which are counted apart from the cases.
struct TrainingTotals {
  std::int64_t runs = 0;    // that came to be judged: not skipped, not refused
  std::int64_t broken = 0;  // of these
  std::int64_t bit_identical = 0;
  std::int64_t faults_caught = 0;
  std::int64_t faults_missed = 0;
};
TrainingTotals training_totals(const Training& training);

// The largest of the distances that were taken, in limits; NaN when none was.
double worst_distance(const TrainingAgreement& agreement);

struct Totals {
  std::array<std::int64_t, outcome_count> by_outcome{};  // indexed by Outcome
  std::int64_t cases = 0;
  std::int64_t judged_cases = 0;  // everything that ran: not skipped, not refused
  std::int64_t elements_total = 0;
  std::int64_t elements_judged = 0;
  std::int64_t seeds = 0;            // distinct base seeds
  std::int64_t judgements = 0;       // cases times the seeds of each
  std::int64_t implementations = 0;  // distinct (operator, direction, implementation) that ran
  std::int64_t operators = 0;        // distinct operators that ran
  std::int64_t faults_caught = 0;
  std::int64_t faults_missed = 0;
  std::int64_t faults_excused = 0;  // equivalent or below resolution, in writing
  std::int64_t faults_blind = 0;
  TrainingTotals training = {};

  std::int64_t of(Outcome outcome) const { return by_outcome[static_cast<std::size_t>(outcome)]; }
  std::int64_t faults_applied() const { return faults_caught + faults_missed; }
};

Totals totals_of(const Report& report);

// failed, blind, crashed and timed_out count against a run; skipped and refused do not.
bool is_broken(Outcome outcome);
bool was_run(Outcome outcome);

// The broken cases of one (operator, direction, implementation); blind ones are no fault of an implementation.
struct BrokenGroup {
  std::string name = {};                // "layer_norm.backward/cuda.persistent_rows"
  std::vector<std::size_t> cases = {};  // into report.cases; the worst first
  std::int64_t cases_of_group = 0;      // how many cases of that group ran
};

// Groups by falling severity of their worst case: crashes and what is not finite, then the error in bounds.
std::vector<BrokenGroup> broken_groups(const Report& report);

struct SkipGroup {
  std::string reason = {};
  std::int64_t cases = 0;
  std::vector<std::string> implementations = {};  // distinct, sorted
};
// Skipped and refused cases by reason, the most frequent first.
std::vector<SkipGroup> skip_groups(const Report& report);

enum class Tone { good, bad, warning, empty };
struct Verdict {
  Tone tone = Tone::empty;
  std::string lead = {};  // "1 implementation fails"
  std::string rest = {};  // ", everything else agrees."
  std::string note = {};  // "The run was interrupted: ..." or ""
};
Verdict verdict_of(const Report& report);

// The command line that repeats a case: the one that the failure names, else one made from its id and seed.
std::string rerun_command(const CaseResult& result);

// How bad a broken case is: infinite for a crash or a value that is not finite, else the error in bounds.
double severity(const CaseResult& result);

}  // namespace lockstep::reports
