// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/shrinking.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include "suites/drivers/options.hpp"

#include "harness/plan/finding.hpp"
#include "harness/plan/plain_data.hpp"
#include "harness/plugin/outside_name.hpp"
#include "reports/totals.hpp"
#include "suites/drivers/dump.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/number_checks.hpp"
#include "suites/drivers/progress.hpp"
#include "suites/drivers/report_builder.hpp"

namespace lockstep {
namespace {

// A hang is told by waiting; this share of the time there is leaves some trials.
constexpr double kShareOfAHang = 0.1;
// Cases of one implementation in one direction: the rest mostly fail for the same cause.
constexpr int kMostOfOne = 2;

/// Judges one problem after the other in worker processes.
class Trials {
 public:
  Trials(const Case& item, std::uint64_t seed, const Selection& selection, PoolOptions options,
         const TrialQuestion& question)
      : item_(item),
        seed_(seed),
        coverage_(selection.coverage_value()),
        question_(question),
        pool_(std::move(options), {}) {}

  CaseResult judge(const Problem& problem, double timeout_seconds) {
    const TaskResult* result = run(question_.kind, item_.implementation->name(), problem, timeout_seconds);
    if (!result) return {};
    CaseResult verdict = result->verdict;
    for (const StressFinding& finding : result->stress.findings) {
      if (finding.stress != question_.stress || finding.outcome != Outcome::failed) continue;
      verdict.outcome = Outcome::failed;
      verdict.reason = name_of(finding.stress);  // which launch it was, and where, differs from problem to problem
    }
    return verdict;
  }
  bool reference_passes(const Problem& problem, double timeout_seconds) {
    const TaskResult* result = run(TaskKind::verify, "reference.plain_float", problem, timeout_seconds);
    return result && result->verdict.outcome == Outcome::passed;
  }
  std::string id_of(const Problem& problem) const {
    return problem.operation() + "/" + item_.implementation->name() + "/" + problem.label();
  }

 private:
  const TaskResult* run(TaskKind kind, const std::string& implementation, const Problem& problem,
                        double timeout_seconds) {
    pool_.set_timeout(timeout_seconds);
    const std::size_t index = pool_.add({.kind = kind,
                                         .id = problem.operation() + "/" + implementation + "/" + problem.label(),
                                         .seed = seed_,
                                         .coverage = coverage_});
    return pool_.wait_for(index);
  }

  const Case& item_;
  std::uint64_t seed_;
  Coverage coverage_;
  TrialQuestion question_;
  WorkerPool pool_;
};

Outcome outcome_of(reports::Outcome outcome) {
  switch (outcome) {
    case reports::Outcome::crashed: return Outcome::crashed;
    case reports::Outcome::timed_out: return Outcome::timed_out;
    default: return Outcome::failed;
  }
}

std::string line_of(const reports::CaseResult& row) {
  if (!row.smallest) return "";
  const reports::SmallestCase& smallest = *row.smallest;
  return "smallest: " + smallest.rerun + "\n  " + smallest.finding + ", as " + row.id + "; " +
         std::to_string(smallest.trials) + " trials in " + duration_text(smallest.seconds) +
         (smallest.complete ? "" : ", cut short by the time") +
         (smallest.dump.empty() ? "" : "; dumped to " + smallest.dump) + "\n";
}

}  // namespace

void ShrinkLimits::add_options(Options& command) {
  command
      .add_option("--shrink-seconds", seconds_of_one,
                  "seconds to look for the smallest case that fails as a failing one does; 0: not at all")
      .check(reject_negative)
      .show_default();
  command.add_option("--shrink-total", seconds_of_all, "seconds for all failing cases together")
      .check(reject_negative)
      .show_default();
}

SmallestCase shrink_case(const Case& item, std::uint64_t seed, reports::Outcome outcome, const Selection& selection,
                         const std::string& program, const ShrinkBudget& budget, const TrialQuestion& question) {
  PoolOptions options = selection.pool(program);
  options.workers = 1;
  Trials trials(item, seed, selection, std::move(options), question);
  const double timeout = std::min(selection.timeout_seconds, outcome == reports::Outcome::timed_out
                                                                 ? std::max(kShareOfAHang * budget.seconds, 0.1)
                                                                 : std::max(budget.seconds, 0.1));
  SmallestCase result;
  const bool is_reference =
      item.implementation->backend == Backend::reference && library_of(*item.implementation).empty();
  const StillFails still_fails = [&](const Problem& problem) {
    const CaseResult verdict = trials.judge(problem, timeout);
    if (verdict.outcome != outcome_of(outcome)) return false;
    const std::string finding = finding_of(verdict);
    if (result.finding.empty()) result.finding = finding;  // the first trial is the case itself
    if (finding != result.finding) return false;
    return is_reference || !problem.parameters.has(kPlainData) || trials.reference_passes(problem, timeout);
  };
  result.shrunk = shrink(*item.definition, item.problem(), still_fails, budget);
  result.id = trials.id_of(result.shrunk.problem);
  return result;
}

void shrink_failures(reports::Report& report, const Catalogue& catalogue, const Selection& selection,
                     const std::string& program, const ShrinkLimits& limits, const std::string& dumps) {
  const auto start = std::chrono::steady_clock::now();
  const auto left = [&] {
    return limits.seconds_of_all - std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::map<std::string, int> shrunk_of;
  for (reports::CaseResult& row : report.cases) {
    if (interrupted() || limits.seconds_of_one <= 0 || left() <= 0) return;
    if (!reports::is_broken(row.outcome) || row.outcome == reports::Outcome::blind) continue;
    if (row.operator_name == kLibraryRows) continue;  // nothing ran that could be made smaller
    // The same kind of failure of the same implementation mostly has the same smallest case.
    const std::string kind = row.operator_name + "." + row.direction + "/" + row.implementation + "/" +
                             std::to_string(static_cast<int>(row.outcome));
    if (shrunk_of[kind] == kMostOfOne) continue;
    ++shrunk_of[kind];
    const Case item = catalogue.parse_case(row.id);
    const ShrinkBudget budget{.seconds = std::min(limits.seconds_of_one, left()), .stop = interrupted};
    const SmallestCase found = shrink_case(item, row.seed, row.outcome, selection, program, budget);
    if (!found.shrunk.reproduced) continue;
    row.smallest = {.id = found.id,
                    .finding = found.finding,
                    .rerun = "lockstep verify" + selection.rerun_options() + " --case " + found.id + " --seed " +
                             std::to_string(row.seed),
                    .trials = found.shrunk.trials,
                    .seconds = found.shrunk.seconds,
                    .complete = found.shrunk.complete};
    if (!dumps.empty()) {
      try {
        const std::filesystem::path folder(dumps);
        row.smallest->dump = "failures/" + dump_case(catalogue.parse_case(found.id), row.seed, folder / "failures");
      } catch (const Error&) {  // the rerun line gives the same data
      }
    }
    std::cout << line_of(row) << std::flush;
  }
}

}  // namespace lockstep
