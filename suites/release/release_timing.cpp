// SPDX-License-Identifier: Apache-2.0
#include "suites/release/release_timing.hpp"

#include <algorithm>
#include <cmath>

#include "harness/simt/check_mode.hpp"
#include "reports/release_speed.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/progress.hpp"
#include "suites/drivers/run_stages.hpp"
#include "suites/release/task_stage.hpp"

namespace lockstep {
namespace {

constexpr std::size_t kMostTimed = 8;  // of a direction
constexpr double kBudgetSeconds = 0.1;

/// Why two implementations cannot be timed against one another here; nothing where they can.
std::optional<std::string> not_comparable(const ReleaseRequest& request, const ReleaseSubject& subject,
                                          const ReleaseSide& side) {
  if (!side.baseline) return "the baseline does not have the " + std::string(name_of(side.direction));
  const auto device = [&](const Implementation& implementation) { return device_of(implementation, request, subject); };
  for (const Implementation* one : {side.candidate, side.baseline})
    if (device(*one) == DeviceKind::emulated)
      return one->name() + " runs under the emulator here, and emulated runs are judged, never timed";
  if (device(*side.candidate) != device(*side.baseline))
    return side.candidate->name() + " runs on the " + std::string(name_of(device(*side.candidate))) + ", " +
           side.baseline->name() + " on the " + std::string(name_of(device(*side.baseline)));
  return std::nullopt;
}

struct Pair {
  Case candidate, baseline;
};

/// Problems worth timing, evenly taken from the list.
std::vector<Pair> timed_pairs(const ReleaseRequest& request, const ReleaseSubject& subject, const ReleaseSide& side,
                              bool gpu) {
  std::vector<Pair> pairs;
  std::vector<ListedProblem> problems =
      request.problems.empty() ? subject.entry->problems : given_problems(request, subject);
  for (const ListedProblem& listed : problems) {
    if (listed.problem.direction != side.direction) continue;
    const Pair pair{{subject.entry->definition, side.candidate, listed},
                    {subject.entry->definition, side.baseline, listed}};
    if (is_timed(pair.candidate, gpu) && is_timed(pair.baseline, gpu)) pairs.push_back(pair);
  }
  if (pairs.size() <= kMostTimed) return pairs;
  std::vector<Pair> chosen;
  for (std::size_t k = 0; k < kMostTimed; ++k) chosen.push_back(pairs[k * pairs.size() / kMostTimed]);
  return chosen;
}

const Measurement* find_kind(const TaskResult& result, MeasurementKind kind) {
  for (const Measurement& measurement : result.measurements)
    if (measurement.kind == kind && !measurement.samples_seconds.empty()) return &measurement;
  return nullptr;
}

reports::SpeedRow& row_of(std::vector<reports::SpeedRow>& rows, const Case& item, MeasurementKind kind) {
  const auto report_kind = static_cast<reports::MeasurementKind>(static_cast<int>(kind));
  const std::string operation = item.problem().operation(), label = item.problem().label();
  for (reports::SpeedRow& row : rows)
    if (row.operation == operation && row.problem == label && row.kind == report_kind) return row;
  rows.push_back({.operation = operation, .problem = label, .source = item.listed.source, .kind = report_kind});
  return rows.back();
}

/// One round of one process gave both times of every pair; a pair of which one is missing is none.
void add_round(const std::vector<Pair>& pairs, const std::vector<std::optional<TaskResult>>& results,
               std::vector<reports::SpeedRow>& rows) {
  using enum MeasurementKind;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (!results[2 * i] || !results[2 * i + 1]) continue;
    for (const MeasurementKind kind : {cpu_wall, gpu_cold, gpu_warm_graph, gpu_launch_inclusive}) {
      const Measurement* candidate = find_kind(*results[2 * i], kind);
      const Measurement* baseline = find_kind(*results[2 * i + 1], kind);
      if (!candidate || !baseline) continue;
      reports::SpeedRow& row = row_of(rows, pairs[i].candidate, kind);
      row.candidate_seconds.push_back(median_of(candidate->samples_seconds));
      row.baseline_seconds.push_back(median_of(baseline->samples_seconds));
      row.quiet = row.quiet && candidate->quiet && baseline->quiet;
    }
  }
}

void add_errors(const ReleaseRequest& request, const std::string& program, const std::vector<Pair>& pairs,
                std::vector<reports::SpeedRow>& rows) {
  std::vector<Task> tasks;
  for (const Pair& pair : pairs)
    for (const Case* item : {&pair.candidate, &pair.baseline})
      tasks.push_back({.kind = TaskKind::errors, .id = item->id(), .seed = request.machine.seed});
  const auto results = run_stage("errors of what was timed", request.machine.pool(program), std::move(tasks));
  for (std::size_t i = 0; i < pairs.size(); ++i)
    for (reports::SpeedRow& row : rows) {
      if (row.operation != pairs[i].candidate.problem().operation() ||
          row.problem != pairs[i].candidate.problem().label())
        continue;
      add_error(row.candidate_error, results[2 * i]);
      add_error(row.baseline_error, results[2 * i + 1]);
    }
}

}  // namespace

void add_error(reports::ReleaseError& error, const std::optional<TaskResult>& result) {
  if (!result || result->verdict.margins.elements_judged == 0) return;
  const Margins& margins = result->verdict.margins;
  const auto larger = [](double so_far, double one) { return std::isnan(so_far) ? one : std::max(so_far, one); };
  ++error.cases;
  error.elements += margins.elements_judged;
  error.worst_bound = larger(error.worst_bound, margins.worst_bound);
  error.worst_rms = larger(error.worst_rms, margins.worst_rms);
  error.mismatches_to_correct_rounding += margins.not_correctly_rounded;
}

std::vector<reports::SpeedRow> time_release(const ReleaseRequest& request, const ReleaseSubject& subject,
                                            const std::string& program, ReleaseFindings& findings,
                                            ReportBuilder& builder) {
  std::vector<reports::SpeedRow> rows;
  const bool gpu = uses_gpu(request);
  std::vector<Pair> pairs;
  std::string why;
  for (const ReleaseSide& side : subject.sides) {
    if (const auto reason = not_comparable(request, subject, side)) {
      why = *reason;
      continue;
    }
    for (Pair& pair : timed_pairs(request, subject, side, gpu)) pairs.push_back(std::move(pair));
  }
  if (simt::check_mode()) why = "this build looks at every access of its kernels; it judges and never times";
  if (request.no_timing) why = "it was not asked for (--no-timing)";
  if (pairs.empty() && why.empty()) why = "none of the problems is large enough to be timed";
  if (!why.empty()) findings.not_checked("speed", why);
  if (request.no_timing || simt::check_mode() || pairs.empty() || interrupted()) return rows;

  for (int round = 0; round < request.rounds && !interrupted(); ++round) {
    std::vector<Task> tasks;
    for (const Pair& pair : pairs)
      for (const Case* item : {&pair.candidate, &pair.baseline})
        tasks.push_back(
            {.kind = TaskKind::measure, .id = item->id(), .seed = request.machine.seed, .seconds = kBudgetSeconds});
    PoolOptions options = request.machine.pool(program);
    options.workers = 1;  // one thing at a time, or they would time each other
    const bool backwards = round % 2 != 0;
    if (backwards) std::reverse(tasks.begin(), tasks.end());
    auto results = run_stage("timing, round " + std::to_string(round + 1) + " of " + std::to_string(request.rounds),
                             options, std::move(tasks));
    if (backwards) std::reverse(results.begin(), results.end());
    add_round(pairs, results, rows);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if (results[2 * i]) {
        builder.add_measurements(pairs[i].candidate, *results[2 * i]);
        if (results[2 * i]->verdict.outcome == Outcome::failed)
          findings.hold("speed", pairs[i].candidate.id() + ": " + results[2 * i]->verdict.reason);
      }
      if (results[2 * i + 1]) builder.add_measurements(pairs[i].baseline, *results[2 * i + 1]);
    }
  }
  const double allowed = request.allow_slower / 100;
  reports::judge_speed(rows, allowed);
  add_errors(request, program, pairs, rows);
  std::int64_t slower = 0;
  for (const reports::SpeedRow& row : rows)
    if (row.verdict == reports::SpeedVerdict::regressed) ++slower;
  findings.count("speed", static_cast<std::int64_t>(pairs.size()), static_cast<std::int64_t>(rows.size()), slower);
  findings.describe("speed", std::to_string(request.rounds) + " fresh processes, both in turns, the order alternating");
  return rows;
}

}  // namespace lockstep
