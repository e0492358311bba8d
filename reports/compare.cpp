// SPDX-License-Identifier: Apache-2.0
#include "reports/compare.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "reports/enum_names.hpp"
#include "reports/number_text.hpp"
#include "reports/statistics.hpp"
#include "reports/totals.hpp"

namespace lockstep::reports {
namespace {

std::string report_name(const Report& report) {
  std::string name = report.environment.revision.empty() ? "a report" : "revision " + report.environment.revision;
  if (report.environment.dirty) name += " (edited)";
  if (!report.environment.date_utc.empty()) name += " of " + report.environment.date_utc;
  return name;
}

void note_difference(std::vector<std::string>& list, const std::string& what, const std::string& before,
                     const std::string& after) {
  if (before != after)
    list.push_back(what + ": " + (before.empty() ? "none" : before) + " -> " + (after.empty() ? "none" : after));
}

void compare_environments(const Environment& before, const Environment& after, Comparison& comparison) {
  auto& machine = comparison.machine_differences;
  note_difference(machine, "processor", before.cpu_model, after.cpu_model);
  note_difference(machine, "cores", std::to_string(before.cores), std::to_string(after.cores));
  note_difference(machine, "GPU", before.gpu ? before.gpu->name : "", after.gpu ? after.gpu->name : "");
  auto& build = comparison.build_differences;
  note_difference(build, "revision", before.revision, after.revision);
  note_difference(build, "compiler", before.compiler, after.compiler);
  note_difference(build, "build type", before.build_type, after.build_type);
  note_difference(build, "kernel", before.kernel, after.kernel);
  note_difference(build, "driver", before.gpu ? before.gpu->driver : "", after.gpu ? after.gpu->driver : "");
  note_difference(build, "CUDA toolkit", before.cuda.toolkit.value_or(""), after.cuda.toolkit.value_or(""));
  std::map<std::string, std::pair<std::string, std::string>> libraries;
  for (const NamedText& library : before.libraries) libraries[library.name].first = library.value;
  for (const NamedText& library : after.libraries) libraries[library.name].second = library.value;
  for (const auto& [name, versions] : libraries) note_difference(build, name, versions.first, versions.second);
}

// How anything that can break ended: a case, a training run, or the trial of a planted fault.
struct Ending {
  Outcome outcome = Outcome::skipped;
  std::string word = {};
  std::string reason = {};
  bool bit_identical = false;
  bool training = false;
};

std::map<std::string, Ending> endings_of(const Report& report) {
  std::map<std::string, Ending> endings;
  for (const CaseResult& result : report.cases) {
    const bool says_more = result.reason.empty() && result.failure;
    endings[result.id] = {.outcome = result.outcome,
                          .word = spoken(result.outcome),
                          .reason = says_more ? result.failure->message : result.reason};
  }
  for (const TrainingRun& run : report.training.runs) {
    const bool bit_identical = run.agreement && run.agreement->bit_identical && run.outcome == Outcome::passed;
    const bool says_more = run.reason.empty() && run.agreement;
    endings[run.id] = {.outcome = run.outcome,
                       .word = spoken(run.outcome) + (bit_identical ? ", bit-identical" : ""),
                       .reason = says_more ? run.agreement->difference : run.reason,
                       .bit_identical = bit_identical,
                       .training = true};
  }
  for (const TrainingFault& fault : report.training.faults) {
    endings["training fault " + fault.id] = {.outcome = fault.caught ? Outcome::passed : Outcome::failed,
                                             .word = fault.caught ? "caught" : "missed",
                                             .reason = fault.caught ? "" : fault.description,
                                             .training = true};
  }
  return endings;
}

// Nothing when the two agree in everything that a reader cares about.
std::optional<OutcomeMove> move_between(const Ending* before, const Ending* after) {
  if (after == nullptr) return OutcomeMove::vanished;
  const bool broken_after = is_broken(after->outcome);
  if (before == nullptr) return broken_after ? OutcomeMove::broke : OutcomeMove::appeared;
  const bool broken_before = is_broken(before->outcome);
  if (broken_after) return broken_before ? OutcomeMove::still_broken : OutcomeMove::broke;
  const bool ran_before = was_run(before->outcome);
  const bool ran_after = was_run(after->outcome);
  if (!ran_after && ran_before) return OutcomeMove::now_skipped;
  if (broken_before) return OutcomeMove::fixed;
  if (ran_after && !ran_before) return OutcomeMove::runs_again;
  if (before->bit_identical && !after->bit_identical && ran_after) return OutcomeMove::lost_bits;
  if (!ran_after && before->reason != after->reason) return OutcomeMove::reason_changed;
  return std::nullopt;
}

void compare_outcomes(const Report& baseline, const Report& current, Comparison& comparison) {
  const std::map<std::string, Ending> old_endings = endings_of(baseline), new_endings = endings_of(current);
  std::map<std::string, std::pair<const Ending*, const Ending*>> by_id;
  for (const auto& [id, ending] : old_endings) by_id[id].first = &ending;
  for (const auto& [id, ending] : new_endings) by_id[id].second = &ending;
  for (const auto& [id, pair] : by_id) {
    const auto [before, after] = pair;
    const std::optional<OutcomeMove> move = move_between(before, after);
    if (!move) continue;
    std::string reason = after != nullptr ? after->reason : "";
    if (*move == OutcomeMove::reason_changed) reason = "was: " + before->reason + "; now: " + after->reason;
    comparison.outcomes.push_back({.id = id,
                                   .training = (after != nullptr ? after : before)->training,
                                   .move = *move,
                                   .before = before != nullptr ? before->word : "",
                                   .after = after != nullptr ? after->word : "",
                                   .reason = std::move(reason)});
  }
  std::stable_sort(comparison.outcomes.begin(), comparison.outcomes.end(),
                   [](const OutcomeChange& left, const OutcomeChange& right) { return left.move < right.move; });
}

std::vector<double> logarithms(const Measurement& measurement) {
  std::vector<double> values;
  for (const double seconds : measurement.samples_seconds) {
    if (std::isfinite(seconds) && seconds > 0) values.push_back(std::log(seconds));
  }
  return values;
}

void apply_interval(SpeedChange& change, const std::optional<Interval>& interval, double widened) {
  if (!interval) {
    change.note = "too few samples for an interval";
    return;
  }
  change.ratio_low = std::exp(interval->low - widened);
  change.ratio_high = std::exp(interval->high + widened);
}

SpeedChange speed_change(const Measurement& before, const Measurement& after, const CompareOptions& options) {
  const std::vector<double> baseline = logarithms(before);
  const std::vector<double> current = logarithms(after);
  const bool processes = before.sample_unit == SampleUnit::process_median && after.sample_unit == before.sample_unit;
  SpeedChange change;
  change.id = after.id;
  change.kind = after.kind;
  change.baseline_seconds = std::exp(median_of(baseline));
  change.current_seconds = std::exp(median_of(current));
  change.paired = processes && !after.pairing.empty() && after.pairing == before.pairing &&
                  baseline.size() == current.size() && baseline.size() == before.samples_seconds.size();
  const double widened = processes ? 0 : std::log1p(options.one_process_allowance);
  const double margin = std::log1p(options.delta) + widened;
  double slower = 1, faster = 1;
  if (change.paired) {
    std::vector<double> slowdowns, speedups;
    for (std::size_t i = 0; i < current.size(); ++i) slowdowns.push_back(current[i] - baseline[i]);
    for (const double difference : slowdowns) speedups.push_back(-difference);
    change.ratio = std::exp(median_of(slowdowns));
    apply_interval(change, median_interval(slowdowns, options.alpha), widened);
    slower = sign_test_above(slowdowns, margin);
    faster = sign_test_above(speedups, margin);
  } else {
    change.ratio = change.current_seconds / change.baseline_seconds;
    apply_interval(change, median_difference_interval(baseline, current, options.alpha), widened);
    slower = median_shift_above(baseline, current, margin);
    faster = median_shift_above(current, baseline, margin);
  }
  change.p_value = std::min(1.0, 2 * std::min(slower, faster));
  if (!processes && change.note.empty()) change.note = "samples of one process; limits moved out by the allowance";
  if (!change.paired && !(before.quiet && after.quiet)) {
    // Only pairs share the disturbance; here it may be all there is to see.
    change.p_value = 1;
    change.note = "the machine was not quiet";
  }
  return change;
}

void decide(std::vector<SpeedChange>& changes, const CompareOptions& options) {
  std::vector<double> p_values;
  for (const SpeedChange& change : changes) p_values.push_back(change.p_value);
  const std::vector<double> rates = false_discovery_rates(p_values);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SpeedChange& change = changes[i];
    change.false_discovery_rate = rates[i];
    const bool inside = change.ratio_low >= 1 / (1 + options.delta) && change.ratio_high <= 1 + options.delta;
    if (rates[i] <= options.false_discovery_rate) {
      change.verdict = change.ratio > 1 ? SpeedVerdict::regressed : SpeedVerdict::improved;
    } else if (inside && change.note.empty()) {
      change.verdict = SpeedVerdict::unchanged;
    } else if (change.note.empty()) {
      change.note = change.p_value <= options.alpha ? "stands out alone, but not among so many cases"
                                                    : "the interval reaches beyond the limit";
    }
  }
}

// The steps of the training runs that passed, in the form of measurements.
std::vector<Measurement> training_steps(const Report& report) {
  std::vector<Measurement> steps;
  for (const TrainingRun& run : report.training.runs) {
    if (run.outcome != Outcome::passed || !run.step_time) continue;
    Measurement step;
    step.id = run.id;
    step.sample_unit = SampleUnit::iteration;
    step.samples_seconds = run.step_time->samples_seconds;
    step.quiet = run.quiet;
    steps.push_back(std::move(step));
  }
  return steps;
}

void match_speeds(const std::vector<Measurement>& baseline, const std::vector<Measurement>& current, bool training,
                  Comparison& comparison) {
  std::map<std::pair<std::string, MeasurementKind>, const Measurement*> before;
  for (const Measurement& measurement : baseline) before[{measurement.id, measurement.kind}] = &measurement;
  std::int64_t matched = 0;
  for (const Measurement& measurement : current) {
    const auto found = before.find({measurement.id, measurement.kind});
    if (found == before.end()) continue;
    ++matched;
    if (measurement.samples_seconds.empty() || found->second->samples_seconds.empty()) continue;
    comparison.speeds.push_back(speed_change(*found->second, measurement, comparison.options));
    comparison.speeds.back().training = training;
  }
  comparison.unmatched_measurements += static_cast<std::int64_t>(baseline.size() + current.size()) - 2 * matched;
}

void compare_speeds(const Report& baseline, const Report& current, Comparison& comparison) {
  match_speeds(baseline.measurements, current.measurements, false, comparison);
  match_speeds(training_steps(baseline), training_steps(current), true, comparison);
  decide(comparison.speeds, comparison.options);
  const auto distance = [](const SpeedChange& change) { return std::abs(std::log(change.ratio)); };
  std::stable_sort(comparison.speeds.begin(), comparison.speeds.end(),
                   [&](const SpeedChange& left, const SpeedChange& right) {
                     if (left.verdict != right.verdict) return left.verdict < right.verdict;
                     if (left.training != right.training) return left.training;
                     return distance(left) > distance(right);
                   });
}

}  // namespace

std::string_view name_of(SpeedVerdict verdict) {
  switch (verdict) {
    case SpeedVerdict::regressed: return "regressed";
    case SpeedVerdict::improved: return "improved";
    case SpeedVerdict::unchanged: return "unchanged";
    case SpeedVerdict::inconclusive: break;
  }
  return "inconclusive";
}

std::string_view name_of(OutcomeMove move) {
  switch (move) {
    case OutcomeMove::broke: return "newly broken";
    case OutcomeMove::fixed: return "fixed";
    case OutcomeMove::still_broken: return "still broken";
    case OutcomeMove::lost_bits: return "no longer bit-identical";
    case OutcomeMove::now_skipped: return "no longer run";
    case OutcomeMove::runs_again: return "newly run";
    case OutcomeMove::reason_changed: return "skipped for another reason";
    case OutcomeMove::appeared: return "new case";
    case OutcomeMove::vanished: break;
  }
  return "case gone";
}

std::int64_t Comparison::count(OutcomeMove move) const {
  return std::count_if(outcomes.begin(), outcomes.end(),
                       [&](const OutcomeChange& change) { return change.move == move; });
}

std::int64_t Comparison::count(SpeedVerdict verdict) const {
  return std::count_if(speeds.begin(), speeds.end(),
                       [&](const SpeedChange& change) { return change.verdict == verdict; });
}

bool Comparison::got_worse() const {
  return count(OutcomeMove::broke) > 0 || (machine_differences.empty() && count(SpeedVerdict::regressed) > 0);
}

Comparison compare(const Report& baseline, const Report& current, const CompareOptions& options) {
  Comparison comparison;
  comparison.options = options;
  comparison.baseline_name = report_name(baseline);
  comparison.current_name = report_name(current);
  compare_environments(baseline.environment, current.environment, comparison);
  compare_outcomes(baseline, current, comparison);
  compare_speeds(baseline, current, comparison);
  return comparison;
}

}  // namespace lockstep::reports
