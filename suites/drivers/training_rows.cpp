// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/training_rows.hpp"

#include <algorithm>
#include <thread>

#include "harness/measure/measurement.hpp"
#include "suites/training/step_clock.hpp"

namespace lockstep {
namespace {

using reports::TrainingPhase;

TrainingPhase phase_of(Phase phase) {
  switch (phase) {
    case Phase::input: return TrainingPhase::input;
    case Phase::forward: return TrainingPhase::forward;
    case Phase::backward: return TrainingPhase::backward;
    case Phase::exposed_communication: return TrainingPhase::exposed_communication;
    case Phase::sync_batch_norm: return TrainingPhase::sync_batch_norm;
    case Phase::buffer_broadcast: return TrainingPhase::buffer_broadcast;
    case Phase::scatter_gather: return TrainingPhase::scatter_gather;
    case Phase::clip: return TrainingPhase::clip;
    case Phase::optimizer: return TrainingPhase::optimizer;
  }
  return TrainingPhase::forward;
}

double quantile(std::vector<double> values, double fraction) {
  if (values.empty()) return reports::not_a_number;
  std::sort(values.begin(), values.end());
  const double at = fraction * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

/// Steps behind the first.
std::vector<StepTimeline> warm_steps(const RankRecord& rank) {
  return {rank.timelines.begin() + 1, rank.timelines.end()};
}

double duration(const StepTimeline& step) { return step.end - step.begin; }

std::vector<double> durations(const RankRecord& rank) {
  std::vector<double> seconds;
  for (const StepTimeline& step : warm_steps(rank)) seconds.push_back(duration(step));
  return seconds;
}

const RankRecord& slowest_rank(const TrainingRecord& record) {
  return *std::max_element(record.ranks.begin(), record.ranks.end(), [](const RankRecord& a, const RankRecord& b) {
    return median_of(durations(a)) < median_of(durations(b));
  });
}

/// Of the step whose duration is the median one: so that its phases and residual are those of one step and sum to it.
StepTimeline median_step(const RankRecord& rank) {
  std::vector<StepTimeline> steps = warm_steps(rank);
  std::sort(steps.begin(), steps.end(),
            [](const StepTimeline& a, const StepTimeline& b) { return duration(a) < duration(b); });
  return steps[(steps.size() - 1) / 2];
}

reports::StepDecomposition decompose(const StepTimeline& step) {
  reports::StepDecomposition parts;
  parts.step_seconds = parts.residual_seconds = duration(step);
  for (std::size_t i = 0; i < kPhases; ++i) {
    const auto phase = static_cast<Phase>(i);
    const double seconds = seconds_of(step, phase);
    if (seconds <= 0.0) continue;
    parts.phases.push_back({phase_of(phase), seconds});
    parts.residual_seconds -= seconds;
  }
  return parts;
}

/// The last step of every rank, which no longer warms anything up.
std::vector<reports::TimelineSpan> timeline_of(const TrainingRecord& record) {
  double begin = record.ranks[0].timelines.back().begin;
  for (const RankRecord& rank : record.ranks) begin = std::min(begin, rank.timelines.back().begin);
  std::vector<reports::TimelineSpan> spans;
  for (std::size_t rank = 0; rank < record.ranks.size(); ++rank) {
    const StepTimeline& step = record.ranks[rank].timelines.back();
    const auto add = [&](reports::TimelineLane lane, TrainingPhase phase, const std::string& label,
                         const PhaseSpan& span) {
      spans.push_back({static_cast<int>(rank), lane, phase, label, span.begin - begin, span.end - begin});
    };
    for (const PhaseSpan& span : step.spans) add(reports::TimelineLane::compute, phase_of(span.phase), "", span);
    for (std::size_t bucket = 0; bucket < step.reductions.size(); ++bucket)
      add(reports::TimelineLane::communication, TrainingPhase::communication, "bucket " + std::to_string(bucket),
          step.reductions[bucket]);
  }
  return spans;
}

/// By step, how far apart the ranks come to the point where they wait for each other's gradients.
std::vector<double> straggler_spreads(const TrainingRecord& record) {
  std::vector<double> spreads;
  const auto arrival = [](const StepTimeline& step) {
    for (const PhaseSpan& span : step.spans)
      if (span.phase == Phase::exposed_communication) return span.begin;
    return -1.0;
  };
  for (std::size_t step = 1; step < record.ranks[0].timelines.size(); ++step) {
    double first = 1e300, last = -1e300;
    for (const RankRecord& rank : record.ranks) {
      const double at = arrival(rank.timelines.at(step));
      if (at < 0.0) return {};
      first = std::min(first, at);
      last = std::max(last, at);
    }
    spreads.push_back(last - first);
  }
  return spreads;
}

void add_times(const TrainingTrial& trial, reports::TrainingRun& row) {
  const TrainingRecord& record = trial.record;
  // A run of one step has none behind the first: what it took is no measurement.
  if (record.ranks.empty() || record.ranks[0].timelines.size() < 2) return;
  const RankRecord& slowest = slowest_rank(record);
  reports::StepTime time;
  time.samples_seconds = durations(slowest);
  time.median_seconds = median_of(time.samples_seconds);
  time.p5_seconds = quantile(time.samples_seconds, 0.05);
  time.p95_seconds = quantile(time.samples_seconds, 0.95);
  row.step_time = time;
  row.rows_per_second = static_cast<double>(trial.scenario.rows) / time.median_seconds;
  row.decomposition = decompose(median_step(slowest));
  row.timeline = timeline_of(record);
  const auto steps = static_cast<double>(record.ranks[0].timelines.size());
  row.collective_calls_per_step = static_cast<double>(record.ranks[0].collective_calls) / steps;
  row.collective_bytes_per_step = static_cast<double>(record.ranks[0].collective_bytes) / steps;
  if (const std::vector<double> spreads = straggler_spreads(record); !spreads.empty() && record.ranks.size() > 1) {
    row.straggler_p50_seconds = median_of(spreads);
    row.straggler_p99_seconds = quantile(spreads, 0.99);
  }
}

reports::TrainingAgreement agreement_row(const TrainingTrial& trial) {
  const TrainingAgreement& timed = trial.timed;
  reports::TrainingAgreement row;
  row.worst_loss = timed.worst_loss;
  row.worst_gradient = timed.worst_gradient;
  row.worst_parameter = timed.worst_parameter;
  row.worst_buffer = timed.worst_buffer;
  row.bit_identical = timed.is_bit_identical;
  row.numbers_compared = timed.numbers_compared + trial.schedule.numbers_compared +
                         (trial.one_rank ? trial.one_rank->numbers_compared : 0);
  row.tolerance = trial.tolerance;
  row.difference = trial.reason;
  if (timed.diverged_at_step >= 0) row.diverged_at_step = timed.diverged_at_step;
  return row;
}

}  // namespace

reports::TrainingRun training_row(const TrainingTrial& trial, const std::string& rerun) {
  const Scenario& scenario = trial.scenario;
  reports::TrainingRun row;
  row.id = scenario.id();
  row.mode = scenario.plan.mode;
  row.model = scenario.model;
  row.dtype = std::string(name_of(scenario.dtype));
  row.transport = trial.transport;
  row.executor = trial.executor;
  row.ranks = scenario.plan.ranks;
  row.steps = static_cast<std::int64_t>(trial.record.ranks.empty() ? 0 : trial.record.ranks[0].losses.size());
  row.rows_per_batch = scenario.rows;
  row.options = scenario.options();
  row.outcome = trial.passed ? reports::Outcome::passed : reports::Outcome::failed;
  row.reason = trial.reason;
  if (trial.timed.numbers_compared > 0) row.agreement = agreement_row(trial);
  if (!trial.record.ranks.empty()) row.losses = trial.record.ranks[0].losses;
  row.memory_bytes = {};
  for (const RankRecord& rank : trial.record.ranks) row.memory_bytes.push_back(rank.tensor_bytes);
  row.oversubscribed = scenario.plan.ranks > static_cast<int>(std::thread::hardware_concurrency());
  if (trial.passed)
    row.note = trial.one_rank ? "in f64 it equals one rank on the whole batch within 1e-9"
                              : "in f64 its schedule equals the mode's formula within 1e-9";
  row.rerun = rerun;
  add_times(trial, row);
  return row;
}

reports::TrainingFault training_fault_row(const TrainingFaultCase& planted, const TrainingFaultTrial& trial) {
  const bool caught = trial.caught && trial.healthy_run_agrees;
  return {planted.id, planted.description, planted.plan.mode, caught,
          trial.healthy_run_agrees ? trial.by : "the run without the fault fails too: " + trial.healthy_difference};
}

}  // namespace lockstep
