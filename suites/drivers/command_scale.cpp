// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <memory>
#include "suites/drivers/options.hpp"

#include "harness/data/error.hpp"
#include "harness/simt/check_mode.hpp"
#include "suites/drivers/cli.hpp"
#include "suites/drivers/environment.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/number_checks.hpp"
#include "suites/drivers/progress.hpp"
#include "suites/drivers/run_stages.hpp"
#include "suites/drivers/training_rows.hpp"
#include "suites/scaling/collective_points.hpp"
#include "suites/scaling/findings.hpp"
#include "suites/scaling/scaling_rows.hpp"
#include "suites/training/modes/modes.hpp"

namespace lockstep {
namespace {

struct ScaleOptions {
  ScalingPlan plan;
  double link_latency = -1, link_bandwidth = 0;
  bool quick = false, targets = false, repetitions_given = false, ranks_given = false;
  std::string out;
};

ScalingPlan plan_of(const ScaleOptions& options) {
  ScalingPlan plan = options.plan;
  if (options.quick) {
    plan.steps = 3;
    if (!options.repetitions_given) plan.repetitions = 6;
    if (!options.ranks_given) plan.ranks = {1, 2};
    plan.payload_bytes = {256 << 10, 1 << 20, 4 << 20, 16 << 20};
  }
  std::sort(plan.ranks.begin(), plan.ranks.end());
  plan.ranks.erase(std::unique(plan.ranks.begin(), plan.ranks.end()), plan.ranks.end());
  if ((options.link_latency >= 0) != (options.link_bandwidth > 0))
    throw Error("scale: --link-latency and --link-bandwidth; accepted: both or neither");
  if (options.link_bandwidth > 0) plan.link = LinkModel{options.link_latency, 1 / options.link_bandwidth};
  find_trainable_model(plan.link_model);
  for (const std::string& model : plan.models) {
    find_trainable_model(model);
    runs_of_model(plan, model);  // a mode that refuses says so before anything is measured
  }
  return plan;
}

std::string rerun_line(const ScalingPlan& plan, const TimedTraining& training) {
  std::string line = "lockstep scale --model " + training.model + " --ranks 1," + std::to_string(training.ranks) +
                     " --rows " + std::to_string(plan.rows) + " --modes " + training.mode;
  if (training.bucket_bytes > 0) line += " --bucket-bytes " + std::to_string(training.bucket_bytes);
  return line + " --repetitions " + std::to_string(plan.repetitions) + " --seed " + std::to_string(plan.seed);
}

/// The row of a training on all its ranks: judged on few rows, since a judgement costs many trainings; timed on its own.
reports::TrainingRun run_row(const ScalingPlan& plan, const MeasuredTraining& measured, const MeasuredSplit* split,
                             const Catalogue& catalogue) {
  Scenario judged = measured.training.scenario();
  judged.rows = std::min<std::int64_t>(measured.training.rows, 2 * measured.training.ranks);
  judged.steps = 2;
  TrainingTrial trial = try_scenario(judged, catalogue, {});
  const std::int64_t judged_rows = judged.rows;
  trial.scenario = measured.training.scenario();
  trial.record = measured.record;
  reports::TrainingRun row = training_row(trial, rerun_line(plan, measured.training));
  if (row.step_time) {
    row.step_time->samples_seconds = measured.series.steps;
    row.step_time->median_seconds = measured.series.median();
    row.step_time->p5_seconds = *std::min_element(measured.series.steps.begin(), measured.series.steps.end());
    row.step_time->p95_seconds = measured.series.spread() * measured.series.median();
    row.rows_per_second = static_cast<double>(row.rows_per_batch) / row.step_time->median_seconds;
  }
  row.quiet = measured.series.quiet();
  row.note = "judged on batches of " + std::to_string(judged_rows) +
             " rows; each time is the median step of one repetition, the decomposition that of the last";
  if (split) {
    row.split = communication_split(measured.series, *split);
    row.quiet = row.quiet && split->alone.quiet() && split->without_communication.quiet();
    row.note += "; " + split_text(measured.series, *split);
  }
  return row;
}

void add_model(const ScalingPlan& plan, const std::string& model, const Catalogue& catalogue,
               reports::Training& training) {
  Progress progress("scaling of " + model, runs_of_model(plan, model));
  std::size_t done = 0;
  const ModelScaling scaling = measure_model(plan, model, catalogue, [&](const std::string& next) {
    progress.advance(done++, next);
    return !interrupted();
  });
  for (reports::ScalingPoint& point : scaling_points(plan, scaling)) training.scaling.push_back(std::move(point));
  for (const int ranks : plan.ranks) {
    if (ranks == 1) continue;
    for (const std::string& mode : plan.modes)
      for (const std::int64_t bucket :
           mode == "distributed_data_parallel" ? plan.bucket_bytes : std::vector<std::int64_t>{0}) {
        const MeasuredTraining* found = scaling.find(training_of(plan, mode, model, ranks, plan.rows * ranks, bucket));
        if (!found || interrupted()) continue;
        const auto split = scaling.splits.find(found->training.name());
        training.runs.push_back(
            run_row(plan, *found, split == scaling.splits.end() ? nullptr : &split->second, catalogue));
        if (bucket == 0 || bucket == plan.bucket_bytes.back()) training.findings.push_back(memory_finding(*found));
      }
    if (is_oversubscribed(ranks)) continue;
    const MeasuredTraining* distributed = scaling.find(
        training_of(plan, "distributed_data_parallel", model, ranks, plan.rows * ranks, plan.bucket_bytes.back()));
    const StepSeries& alone = scaling.side_by_side.at(ranks);
    if (distributed && !alone.steps.empty())
      training.findings.push_back(
          side_by_side_finding(model, ranks, alone, distributed->training, distributed->series));
    const std::string comparison = comparison_finding(model, ranks, compare_modes(plan, scaling, ranks));
    if (!comparison.empty()) training.findings.push_back(comparison);
  }
}

/// On two ranks, however many were asked for: the backward must have a core of its own on each.
void add_link(const ScalingPlan& plan, const Catalogue& catalogue, reports::Training& training) {
  if (std::find(plan.modes.begin(), plan.modes.end(), "distributed_data_parallel") == plan.modes.end()) return;
  TimedTraining linked = training_of(plan, "distributed_data_parallel", plan.link_model, 2, 2 * plan.rows, 16 << 10);
  Progress progress("overlap with a modelled link", static_cast<std::size_t>(3 + 2 * plan.repetitions));
  std::size_t done = 0;
  const LinkOverlap overlap =
      measure_link_overlap(linked, plan.link, plan.repetitions, catalogue, [&](const std::string& next) {
        progress.advance(done++, next);
        return !interrupted();
      });
  if (!overlap.with_link.steps.empty() && !overlap.without.steps.empty())
    training.findings.push_back(link_finding(overlap));
}

void add_collectives(const ScalingPlan& plan, reports::Training& training) {
  Progress progress("collectives", 1);
  progress.advance(0, "beside copies");
  const std::vector<BandwidthPoint> points = measure_collectives(2, plan.payload_bytes, plan.repetitions);
  for (const BandwidthPoint& point : points) training.collectives.push_back(collective_row(point));
  const std::string finding = all_reduce_finding(points);
  if (!finding.empty()) training.findings.push_back(finding);
}

/// What communication between threads must reach on a quiet machine of two cores, and nothing else: how much of the time
/// of copies all_reduce takes, weak scaling against independent trainings, and how much of a link is hidden.
void add_targets(const ScalingPlan& plan, const Catalogue& catalogue, reports::Training& training) {
  ScalingPlan collectives = plan;
  collectives.payload_bytes = {1 << 20, 4 << 20, 16 << 20};
  add_collectives(collectives, training);
  if (interrupted()) return;
  const TimedTraining weak = training_of(plan, "distributed_data_parallel", "mlp_wide", 2, 512, 25 << 20);
  Progress progress("weak scaling", static_cast<std::size_t>(2 * plan.repetitions));
  std::size_t done = 0;
  const std::vector<StepSeries> series =
      measure_interleaved({{"side by side", [&] { return sample_side_by_side(weak, catalogue); }},
                           {weak.name(), [&] { return sample_of(train_timed(weak, catalogue)); }}},
                          plan.repetitions, [&](const std::string& next) {
                            progress.advance(done++, next);
                            return !interrupted();
                          });
  if (!series[0].steps.empty() && !series[1].steps.empty())
    training.findings.push_back(side_by_side_finding(weak.model, 2, series[0], weak, series[1]));
  if (!interrupted()) add_link(plan, catalogue, training);
}

void print(const reports::Training& training) {
  std::cout << std::setprecision(4);
  for (const reports::ScalingPoint& point : training.scaling) {
    std::cout << (point.kind == reports::ScalingKind::weak ? "weak   " : "strong ") << point.mode << " " << point.model
              << ", ranks " << point.ranks << ", rows per rank " << point.rows_per_rank;
    if (point.bucket_bytes > 0) std::cout << ", buckets of " << point.bucket_bytes;
    std::cout << ": " << 1e3 * point.seconds_per_step << " ms [" << 1e3 * point.low_seconds << ", "
              << 1e3 * point.high_seconds << "], efficiency " << point.efficiency << " from " << point.base_ranks
              << (point.oversubscribed ? ", more ranks than cores" : "") << (point.quiet ? "" : ", not quiet") << "\n";
  }
  for (const reports::TrainingRun& run : training.runs)
    std::cout << (run.outcome == reports::Outcome::passed ? "passed  " : "FAILED  ") << run.id << "\n        "
              << (run.reason.empty() ? run.note : run.reason) << "\n";
  for (const reports::CollectivePoint& point : training.collectives)
    std::cout << point.collective << " " << point.bytes << " bytes: algorithm " << 1e-9 * point.algorithm_bandwidth
              << " GB/s, bus " << 1e-9 * point.bus_bandwidth << " GB/s, " << point.fraction << " of the copy ceiling "
              << 1e-9 * point.copy_ceiling << " GB/s" << (point.quiet ? "" : ", not quiet") << "\n";
  for (const std::string& finding : training.findings) std::cout << "- " << finding << "\n";
}

int status_of(const reports::Training& training, bool targets) {
  if (interrupted()) return kInterrupted;
  if (training.scaling.empty() && training.findings.empty()) return kNothingRan;
  for (const std::string& finding : training.findings)
    if (targets && finding.find(": not met") != std::string::npos) return kFailed;
  for (const reports::TrainingRun& run : training.runs)
    if (run.outcome != reports::Outcome::passed) return kFailed;
  return kPassed;
}

int scale_command(const ScaleOptions& options, const Surroundings& surroundings) {
  const ScalingPlan plan = plan_of(options);
  if (!options.out.empty()) prepare_folder(options.out);
  const auto start = std::chrono::steady_clock::now();
  const std::string started = utc_now();
  const InterruptGuard guard;
  std::cout << "seed " << plan.seed << std::endl;
  reports::Training training;
  if (options.targets) {
    add_targets(plan, surroundings.catalogue, training);
  } else {
    for (const std::string& model : plan.models)
      if (!interrupted()) add_model(plan, model, surroundings.catalogue, training);
    if (!interrupted()) add_link(plan, surroundings.catalogue, training);
    if (!interrupted()) add_collectives(plan, training);
  }
  print(training);
  const int status = status_of(training, options.targets);
  if (options.out.empty()) return status;
  reports::Run run;
  run.command = surroundings.command_line;
  run.suite = "scale";
  run.seed = plan.seed;
  run.started_utc = started;
  run.workers = 1;
  run.interrupted = interrupted();
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  run.exit_status = status;
  ReportBuilder builder;
  builder.set_training(std::move(training));
  write_reports(builder.finish(run, "lockstep"), options.out);
  return status;
}

}  // namespace

CommandBody add_scale_command(Options& command, const Surroundings& surroundings) {
  auto options = std::make_shared<ScaleOptions>();
  ScalingPlan& plan = options->plan;
  std::string modes;
  for (const TrainingMode& mode : training_modes()) modes += (modes.empty() ? "" : ", ") + mode.name;
  command.add_option("--model", plan.models, trainable_models()).delimiter(',').show_default();
  const Option ranks = command.add_option("--ranks", plan.ranks, "numbers of ranks; the smallest is the base N0")
                           .delimiter(',')
                           .within(1, 256)
                           .show_default();
  command.add_option("--rows", plan.rows, "rows of the whole batch in strong scaling, of each rank in weak scaling")
      .within(1, 1 << 20)
      .show_default();
  command.add_option("--modes", plan.modes, modes).delimiter(',').show_default();
  command
      .add_option("--bucket-bytes", plan.bucket_bytes, "sizes of gradient buckets; the first bucket is at most 1 MiB")
      .delimiter(',')
      .within(1, std::int64_t{1} << 40)
      .show_default();
  const Option repetitions =
      command.add_option("--repetitions", plan.repetitions, "of everything, in turn; intervals need 6")
          .within(1, 1000)
          .show_default();
  command.add_option("--steps", plan.steps, "timed steps of one repetition").within(1, 1000).show_default();
  command.add_option("--seed", plan.seed, "of initial parameters and data").check(reject_seed).show_default();
  command.add_option("--link-latency", options->link_latency, "of the modelled link, seconds; with --link-bandwidth")
      .check(reject_negative);
  command
      .add_option("--link-bandwidth", options->link_bandwidth,
                  "of the modelled link, bytes per second. Without both: as long as the backward")
      .check(reject_amount);
  command.add_option("--link-model", plan.link_model, "what is trained over the modelled link").show_default();
  command.add_flag("--quick", options->quick, "ranks 1 and 2, 6 repetitions of 3 steps, fewer message sizes");
  command.add_flag("--targets", options->targets,
                   "the three targets alone, each with its formula: met, not met (exit status 1) or inconclusive");
  command.add_option("--out", options->out, "folder for report.json and report.html");
  command.footer(
      "Weak efficiency is T(N0) / T(N), strong efficiency T(N0) N0 / (N T(N)). Runs take turns; times are medians "
      "with\n"
      "95 % intervals. Points with more ranks than cores, or of a machine that was not quiet, are marked.");
  return [=](const std::vector<std::string>&) -> int {
    if (simt::check_mode())
      throw Error("scale: this build checks every access of the kernels; accepted: another preset");
    options->ranks_given = ranks.is_given();
    options->repetitions_given = repetitions.is_given();
    return scale_command(*options, surroundings);
  };
}

}  // namespace lockstep
