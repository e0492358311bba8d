// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/report_builder.hpp"

#include <algorithm>
#include <cmath>

#include "harness/numerics/gates.hpp"
#include "harness/plugin/outside_name.hpp"
#include "reports/totals.hpp"
#include "suites/drivers/ceilings.hpp"
#include "suites/drivers/environment.hpp"

namespace lockstep {
namespace {

reports::Outcome report_outcome(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed: return reports::Outcome::passed;
    case Outcome::failed: return reports::Outcome::failed;
    case Outcome::blind: return reports::Outcome::blind;
    case Outcome::skipped: return reports::Outcome::skipped;
    case Outcome::crashed: return reports::Outcome::crashed;
    case Outcome::timed_out: return reports::Outcome::timed_out;
    case Outcome::refused: return reports::Outcome::refused;
  }
  return reports::Outcome::failed;
}

reports::Determinism report_determinism(Determinism determinism) {
  switch (determinism) {
    case Determinism::yes: return reports::Determinism::yes;
    case Determinism::no: return reports::Determinism::no;
    case Determinism::not_promised: return reports::Determinism::not_promised;
    case Determinism::not_checked: return reports::Determinism::not_checked;
  }
  return reports::Determinism::not_checked;
}

reports::Failure report_failure(const Failure& f, std::string rerun) {
  reports::Failure failure{.output = f.output,
                           .index = f.index,
                           .expected = f.expected,
                           .got = f.got,
                           .error_in_bounds = f.error_in_bounds,
                           .gate = std::string(name_of(f.gate)),
                           .message = f.message,
                           .map = {},
                           .rerun = std::move(rerun),
                           .dump = {}};
  if (!f.map.cells.empty())
    failure.map = reports::FailureMap{static_cast<int>(f.map.rows), static_cast<int>(f.map.columns), f.map.cells};
  return failure;
}

/// The largest error in units of the gate that is nearer.
double error_in_gates(const std::optional<reports::Margins>& margins) {
  return margins ? std::fmax(margins->worst_bound, margins->worst_rms / kStatisticalGate) : 0.0;
}

bool worse(const reports::CaseResult& a, const reports::CaseResult& b) {
  if (reports::is_broken(a.outcome) != reports::is_broken(b.outcome)) return reports::is_broken(a.outcome);
  const double of_a = reports::severity(a), of_b = reports::severity(b);
  return of_a != of_b ? of_a > of_b : error_in_gates(a.margins) > error_in_gates(b.margins);
}

/// The margins of two seeds together.
std::optional<reports::Margins> both(const std::optional<reports::Margins>& a,
                                     const std::optional<reports::Margins>& b) {
  if (!a || !b) return a ? a : b;
  // fmax: where a gate does not apply its margin is NaN.
  return reports::Margins{
      .worst_bound = std::fmax(a->worst_bound, b->worst_bound),
      .worst_rms = std::fmax(a->worst_rms, b->worst_rms),
      .exact = a->exact || b->exact,
      .mismatches_to_correct_rounding = a->mismatches_to_correct_rounding + b->mismatches_to_correct_rounding};
}

reports::Role role_of(const Implementation& implementation) {
  if (!library_of(implementation).empty() || implementation.backend == Backend::cuda) return reports::Role::own;
  return implementation.backend == Backend::reference ? reports::Role::reference : reports::Role::vendor;
}

reports::MeasurementKind report_kind(MeasurementKind kind) {
  return static_cast<reports::MeasurementKind>(static_cast<int>(kind));
}

}  // namespace

std::string ReportBuilder::rerun_line(const std::string& id, std::uint64_t seed) const {
  return "lockstep verify" + rerun_options_ + " --case " + id + " --seed " + std::to_string(seed);
}

void ReportBuilder::add_library_failure(const LibraryFailure& failure) {
  reports::CaseResult row;
  row.id = failure.id();
  row.operator_name = kLibraryRows;
  row.direction = "load";
  row.implementation = failure.name;
  row.backend = owner_in_name(failure.name);
  row.problem = failure.id().substr(failure.id().rfind('/') + 1);
  row.problem_set = "given";
  row.source = failure.path;
  row.outcome = report_outcome(failure.outcome);
  row.reason = failure.reason;
  row.failure = reports::Failure{.message = row.reason, .rerun = "lockstep list --load " + failure.path};
  report_.cases.push_back(std::move(row));
}

void ReportBuilder::add_case(const Case& item, std::uint64_t seed, const TaskResult& result) {
  const CaseResult& r = result.verdict;
  const Problem& problem = item.problem();
  reports::CaseResult row;
  row.id = item.id();
  row.operator_name = problem.operator_name;
  row.direction = name_of(problem.direction);
  row.implementation = item.implementation->name();
  row.backend = owner_of(*item.implementation);
  row.device = r.outcome == Outcome::skipped ? "" : name_of(r.device);
  row.dtype = name_of(problem.dtype);
  row.layout = name_of(problem.layout);
  row.fill = name_of(problem.fill);
  row.problem = problem.label();
  row.problem_set = item.listed.set;
  row.source = item.listed.source;
  row.outcome = report_outcome(r.outcome);
  row.reason = r.reason;
  row.seed = seed;
  row.elements_total = r.margins.elements_total;
  row.elements_judged = r.margins.elements_judged;
  row.orders = r.orders;
  if (r.margins.elements_judged > 0)
    row.margins = reports::Margins{r.margins.worst_bound, r.margins.worst_rms, r.margins.exact_gate,
                                   r.margins.not_correctly_rounded};
  row.deterministic = report_determinism(r.deterministic);
  row.seconds = {r.fill_seconds, r.run_seconds, r.judge_seconds};
  if (r.failure) row.failure = report_failure(*r.failure, rerun_line(row.id, seed));
  // A worker that died leaves no failure to show, but the line that finds a case from outside again is no other's.
  if (!row.failure && !rerun_options_.empty() && reports::is_broken(row.outcome))
    row.failure = reports::Failure{.message = row.reason, .rerun = rerun_line(row.id, seed)};

  const auto [entry, is_new] = case_rows_.try_emplace(row.id, report_.cases.size());
  if (is_new) {
    report_.cases.push_back(std::move(row));
    return;
  }
  reports::CaseResult& kept = report_.cases[entry->second];
  const std::int64_t seeds = kept.seeds_judged + 1, total = kept.elements_total + row.elements_total,
                     judged = kept.elements_judged + row.elements_judged;
  const auto margins = both(kept.margins, row.margins);
  if (worse(row, kept)) kept = std::move(row);
  kept.margins = margins;
  kept.seeds_judged = seeds;
  kept.elements_total = total;
  kept.elements_judged = judged;
}

void ReportBuilder::add_faults(const std::string& id, const TaskResult& result) {
  const std::size_t slash = id.find('/');
  const Problem problem = parse_problem(id.substr(0, slash), id.substr(slash + 1));
  std::vector<FaultTrial> trials = result.faults;
  if (result.verdict.outcome != Outcome::passed)
    trials.push_back({.fault = "trial",
                      .description = "the trial of faults did not end: " + result.verdict.reason,
                      .applies = true,
                      .caught = false,
                      .effect_in_gates = INFINITY,
                      .equivalent = {}});
  for (const FaultTrial& trial : trials) {
    FaultTally& tally = faults_[problem.operation() + "/" + std::string(name_of(problem.dtype)) + "/" + trial.fault];
    reports::FaultResult& row = tally.row;
    row.operator_name = problem.operator_name;
    row.direction = name_of(problem.direction);
    row.dtype = name_of(problem.dtype);
    row.fault = trial.fault;
    row.description = trial.description;
    const bool missed_here = trial.applies && !trial.caught;
    if (row.example_id.empty() || missed_here || (trial.applies && row.cases_applied == 0)) row.example_id = id;
    row.cases_applied += trial.applies ? 1 : 0;
    row.cases_caught += trial.applies && trial.caught ? 1 : 0;
    row.effect_in_gates = std::max(row.effect_in_gates, trial.effect_in_gates);
    if (!trial.equivalent.empty()) tally.equivalent = trial.equivalent;
  }
}

void ReportBuilder::add_measurements(const Case& item, const TaskResult& result) {
  const Problem& problem = item.problem();
  for (const Measurement& m : result.measurements) {
    if (m.samples_seconds.empty()) continue;
    const std::string key = item.id() + "/" + std::string(name_of(m.kind));
    const auto [entry, is_new] = measurement_rows_.try_emplace(key, report_.measurements.size());
    if (is_new) {
      const Cost cost = item.definition->cost(problem);
      reports::Measurement row;
      row.id = item.id();
      row.implementation = item.implementation->name();
      row.operator_name = problem.operator_name;
      row.direction = name_of(problem.direction);
      row.dtype = name_of(problem.dtype);
      row.problem = problem.label();
      row.device = m.kind == MeasurementKind::cpu_wall ? "cpu" : "gpu";
      row.peer_group = problem.operation() + "/" + problem.label();
      row.role = role_of(*item.implementation);
      row.kind = report_kind(m.kind);
      row.iterations_per_sample = m.iterations;
      row.bytes = cost.bytes;
      row.flops = cost.flops;
      row.note = m.note;
      report_.measurements.push_back(std::move(row));
    }
    reports::Measurement& row = report_.measurements[entry->second];
    row.samples_seconds.push_back(median_of(m.samples_seconds));
    row.quiet = row.quiet && m.quiet;
    if (!m.gpu_state) continue;
    // Of several processes the last reading; but a slowdown in any of them is told.
    const std::string throttled = row.gpu_state ? row.gpu_state->throttle : "";
    row.gpu_state = {.clock_mhz = m.gpu_state->clock_mhz,
                     .power_watts = m.gpu_state->power_watts,
                     .temperature_celsius = m.gpu_state->temperature_celsius,
                     .throttle = m.gpu_state->throttle.empty() ? throttled : m.gpu_state->throttle};
  }
}

void ReportBuilder::classify_faults(reports::Report& report) const {
  for (const auto& [key, tally] : faults_) {
    reports::FaultResult row = tally.row;
    if (row.cases_applied > 0)
      row.status = row.cases_caught == row.cases_applied ? reports::FaultStatus::caught : reports::FaultStatus::missed;
    else if (tally.equivalent.empty())
      row.status = reports::FaultStatus::blind;
    else
      row.status = row.effect_in_gates > 0 ? reports::FaultStatus::below_resolution : reports::FaultStatus::equivalent;
    row.note = tally.equivalent;
    report.faults.push_back(std::move(row));
  }
  for (const reports::FaultResult& fault : report.faults) {
    if (fault.status != reports::FaultStatus::blind && fault.status != reports::FaultStatus::missed) continue;
    for (reports::CaseResult& row : report.cases)
      if (row.outcome == reports::Outcome::passed && row.operator_name == fault.operator_name &&
          row.direction == fault.direction && row.dtype == fault.dtype) {
        row.outcome = reports::Outcome::blind;
        row.reason = "no case of this operator, direction and dtype shows the fault '" + fault.fault + "'";
      }
  }
}

reports::Report ReportBuilder::finish(reports::Run run, const std::string& executable) const {
  reports::Report report = report_;
  report.environment = describe_environment();
  report.context = describe_context(executable);
  classify_faults(report);
  for (reports::Measurement& row : report.measurements) {
    row.median_seconds = median_of(row.samples_seconds);
    const Interval interval = median_interval(row.samples_seconds);
    row.ci_low_seconds = interval.low;
    row.ci_high_seconds = interval.high;
    place_under_ceiling(row, report.ceilings);
  }
  report.run = std::move(run);
  return report;
}

int exit_status_of(const reports::Report& report) {
  const reports::Totals totals = reports::totals_of(report);
  if (totals.judged_cases == 0 && report.measurements.empty() && report.judging_rates.empty()) return 3;
  for (const reports::CaseResult& row : report.cases)
    if (reports::is_broken(row.outcome)) return 1;
  return totals.faults_missed + totals.faults_blind > 0 ? 1 : 0;
}

}  // namespace lockstep
