// SPDX-License-Identifier: Apache-2.0
#include "reports/testing/synthetic_training.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "reports/statistics.hpp"

namespace lockstep::reports {
namespace {

using Random = std::mt19937_64;
using Phase = TrainingPhase;

struct InventedMode {
  const char* mode;
  const char* options;
  int ranks;
  std::vector<PhaseSeconds> phases;  // of one step
};

const std::vector<InventedMode>& invented_modes() {
  static const std::vector<InventedMode> modes{
      {"single",
       "",
       1,
       {{Phase::input, 1e-3}, {Phase::forward, 31e-3}, {Phase::backward, 62e-3}, {Phase::optimizer, 3e-3}}},
      {"data_parallel",
       "two devices",
       2,
       {{Phase::input, 1e-3},
        {Phase::forward, 16e-3},
        {Phase::backward, 32e-3},
        {Phase::scatter_gather, 14e-3},
        {Phase::optimizer, 3e-3}}},
      {"model_parallel",
       "two devices, no micro-batches",
       2,
       {{Phase::input, 1e-3},
        {Phase::forward, 31e-3},
        {Phase::backward, 61e-3},
        {Phase::bubble, 47e-3},
        {Phase::optimizer, 2e-3}}},
      {"distributed_data_parallel",
       "buckets of 1 MiB, overlap",
       2,
       {{Phase::input, 1e-3},
        {Phase::forward, 16e-3},
        {Phase::backward, 33e-3},
        {Phase::exposed_communication, 4e-3},
        {Phase::buffer_broadcast, 4e-4},
        {Phase::clip, 6e-4},
        {Phase::optimizer, 3e-3},
        {Phase::straggler_wait, 1e-3}}},
      {"distributed_data_parallel",
       "buckets of 1 MiB, overlap, SyncBatchNorm",
       2,
       {{Phase::input, 1e-3},
        {Phase::forward, 17e-3},
        {Phase::backward, 34e-3},
        {Phase::exposed_communication, 4e-3},
        {Phase::sync_batch_norm, 9e-3},
        {Phase::optimizer, 3e-3},
        {Phase::straggler_wait, 1e-3}}},
      {"distributed_data_parallel",
       "buckets of 1 MiB, overlap",
       4,
       {{Phase::input, 1e-3},
        {Phase::forward, 18e-3},
        {Phase::backward, 37e-3},
        {Phase::exposed_communication, 12e-3},
        {Phase::optimizer, 4e-3},
        {Phase::straggler_wait, 9e-3}}},
      {"fully_sharded",
       "ZeRO 3",
       2,
       {{Phase::input, 1e-3},
        {Phase::forward, 16e-3},
        {Phase::backward, 33e-3},
        {Phase::exposed_communication, 5e-3},
        {Phase::parameter_gather, 11e-3},
        {Phase::optimizer, 2e-3}}}};
  return modes;
}

std::vector<TimelineSpan> invented_timeline(int ranks) {
  std::vector<TimelineSpan> spans;
  for (int rank = 0; rank < ranks; ++rank) {
    double at = 1e-4 * rank;
    const auto add = [&](TimelineLane lane, Phase phase, const std::string& label, double begin, double end) {
      spans.push_back({rank, lane, phase, label, begin, end});
    };
    const auto compute = [&](Phase phase, double seconds) {
      add(TimelineLane::compute, phase, "", at, at + seconds);
      at += seconds;
    };
    compute(Phase::input, 1e-3);
    compute(Phase::forward, 16e-3);
    const double backward = at;
    compute(Phase::backward, 33e-3);
    for (int bucket = 0; bucket < 4; ++bucket) {
      const double begin = backward + 7e-3 + 7.5e-3 * bucket;
      add(TimelineLane::communication, Phase::communication, "bucket " + std::to_string(bucket), begin, begin + 6.5e-3);
    }
    compute(Phase::exposed_communication, 4e-3);
    compute(Phase::optimizer, 3e-3);
  }
  return spans;
}

TrainingRun invented_run(const InventedMode& mode, const SyntheticOptions& options, Random& random) {
  TrainingRun run;
  run.mode = mode.mode;
  run.model = "small_resnet";
  run.dtype = "float32";
  run.transport = mode.ranks > 1 ? "threads" : "";
  run.executor = "oneDNN and formulas";
  run.ranks = mode.ranks;
  run.steps = 24;
  run.rows_per_batch = 64;
  run.options = mode.options;
  const bool synchronised = run.options.find("SyncBatchNorm") != std::string::npos;
  run.id = "train." + run.mode + "/small_resnet/ranks=" + std::to_string(run.ranks) +
           (synchronised ? ",sync_batch_norm=1" : "") + ",dtype=float32";
  run.outcome = Outcome::passed;
  run.agreement = TrainingAgreement{.worst_loss = 0.04,
                                    .worst_gradient = 0.31,
                                    .worst_parameter = 0.18,
                                    .worst_buffer = 0.02,
                                    .bit_identical = run.ranks == 1 || run.mode == "model_parallel",
                                    .numbers_compared = 4216064,
                                    .tolerance = "float32 rounding through three perturbed runs",
                                    .difference = "",
                                    .diverged_at_step = std::nullopt};
  if (run.agreement->bit_identical) {
    run.agreement->worst_loss = run.agreement->worst_gradient = run.agreement->worst_parameter =
        run.agreement->worst_buffer = 0;
  }
  for (int step = 0; step < 24; ++step) run.losses.push_back(2.3 * std::exp(-0.05 * step) + 0.01 * (step % 3));
  double sum = 0;
  run.decomposition = StepDecomposition{};
  for (PhaseSeconds phase : mode.phases) {
    phase.seconds *= options.speed_factor;
    sum += phase.seconds;
    run.decomposition->phases.push_back(phase);
  }
  StepTime time;
  std::lognormal_distribution<double> noise(0, 0.01);
  for (int sample = 0; sample < 24; ++sample) time.samples_seconds.push_back(sum * 1.02 * noise(random));
  std::vector<double> sorted = time.samples_seconds;
  std::sort(sorted.begin(), sorted.end());
  time.median_seconds = median_of(time.samples_seconds);
  time.p5_seconds = sorted[1];
  time.p95_seconds = sorted[22];
  run.step_time = time;
  run.decomposition->step_seconds = time.median_seconds;
  run.decomposition->residual_seconds = time.median_seconds - sum;
  run.rows_per_second = 64 / time.median_seconds;
  if (run.mode == "distributed_data_parallel" && !synchronised) {
    run.split = CommunicationSplit{
        .alone_seconds = 26e-3, .exposed_seconds = 4.4e-3, .overlapped_seconds = 21.6e-3, .contended_seconds = 1.7e-3};
    run.timeline = invented_timeline(run.ranks);
  }
  if (run.ranks > 1) {
    run.collective_calls_per_step = synchronised ? 25 : 5;
    run.collective_bytes_per_step = 4.4e6;
    run.straggler_p50_seconds = 0.4e-3;
    run.straggler_p99_seconds = 2.9e-3;
  }
  run.memory_bytes.assign(static_cast<std::size_t>(run.ranks), run.mode == "fully_sharded" ? 61 << 20 : 112 << 20);
  run.oversubscribed = run.ranks > 2;
  run.quiet = run.ranks != 4;
  run.rerun = "lockstep train --case " + run.id;
  return run;
}

void make_differ(TrainingRun& run) {
  run.outcome = Outcome::failed;
  run.agreement->worst_gradient = 41.7;
  run.agreement->worst_parameter = std::numeric_limits<double>::infinity();
  run.agreement->difference = "parameter layer2.conv1.weight of step 0 is 41.7 limits away on rank 1";
  run.agreement->diverged_at_step = 0;
  run.reason = "rank 1 has other parameters than rank 0 after step 0";
  run.losses[5] = not_a_number;
  run.losses[6] = std::numeric_limits<double>::infinity();
}

void add_scaling(Training& training) {
  for (const ScalingKind kind : {ScalingKind::strong, ScalingKind::weak}) {
    for (const std::string mode : {"data_parallel", "distributed_data_parallel"}) {
      for (const int ranks : {1, 2, 4, 8}) {
        const double loss = (mode == "data_parallel" ? 0.16 : 0.06) * std::log2(ranks) + (ranks > 2 ? 0.28 : 0);
        const double efficiency = 1 / (1 + loss);
        const double base = 98e-3;
        ScalingPoint point{.mode = mode, .model = "small_resnet", .kind = kind, .ranks = ranks};
        point.bucket_bytes = mode == "data_parallel" ? 0 : 1 << 20;
        point.rows_per_rank = kind == ScalingKind::weak ? 64 : 64 / ranks;
        point.seconds_per_step = kind == ScalingKind::weak ? base / efficiency : base / (efficiency * ranks);
        point.low_seconds = point.seconds_per_step * 0.97;
        point.high_seconds = point.seconds_per_step * 1.04;
        point.rows_per_second = static_cast<double>(point.rows_per_rank * ranks) / point.seconds_per_step;
        point.efficiency = efficiency;
        point.base_ranks = 1;
        point.oversubscribed = ranks > 2;
        point.quiet = ranks != 8;
        point.note = ranks > 2 ? "2 cores" : "";
        training.scaling.push_back(point);
      }
    }
  }
  training.findings = {
      "DistributedDataParallel is 1.2 times as fast as DataParallel on 2 ranks because it copies no "
      "parameters."};
}

void add_collectives(Training& training) {
  for (const std::string collective : {"all_reduce", "broadcast"}) {
    for (const std::string transport : {"threads", "mpi"}) {
      for (int power = 10; power <= 26; power += 2) {
        const double bytes = std::exp2(power);
        const double ceiling = power <= 14   ? 190e9
                               : power <= 18 ? 50e9
                               : power <= 20 ? 25.7e9
                               : power < 26  ? 14.8e9
                                             : 7e9;
        const double latency = transport == "mpi" ? 4e-6 : 0.6e-6;
        CollectivePoint point{.collective = collective, .transport = transport, .ranks = 2, .dtype = "float32"};
        point.bytes = std::int64_t{1} << power;
        point.median_seconds = latency + bytes / (ceiling * (transport == "mpi" ? 0.36 : 0.94));
        point.p95_seconds = point.median_seconds * 1.3;
        point.algorithm_bandwidth = bytes / point.median_seconds;
        point.bus_bandwidth = point.algorithm_bandwidth;
        point.copy_ceiling = ceiling;
        point.fraction = point.bus_bandwidth / ceiling;
        point.quiet = power != 24;
        training.collectives.push_back(point);
      }
    }
  }
  CollectivePoint shared{.collective = "all_reduce", .transport = "nccl", .ranks = 2, .dtype = "float32"};
  shared.bytes = 1 << 20;
  shared.median_seconds = 4.3e-3;
  shared.reportable = false;
  training.collectives.push_back(shared);
}

}  // namespace

Training synthetic_training(const SyntheticOptions& options) {
  Random random(options.seed + 17);
  Training training;
  for (const InventedMode& mode : invented_modes()) training.runs.push_back(invented_run(mode, options, random));
  TrainingRun skipped{.id = "train.distributed_data_parallel/small_resnet/ranks=2,transport=nccl",
                      .mode = "distributed_data_parallel",
                      .model = "small_resnet",
                      .dtype = "float32",
                      .transport = "nccl",
                      .ranks = 2,
                      .reason = "NCCL was not found"};
  training.runs.push_back(skipped);
  training.faults = {{"gradients_summed", "gradients are summed and not averaged", "distributed_data_parallel", true,
                      "parameter w1 of step 0 is 2.1e+06 limits away"},
                     {"bucket_dropped", "the last bucket is never reduced", "distributed_data_parallel", true,
                      "rank 1 differs from rank 0 after step 0"},
                     {"clip_before_reduce", "gradients are clipped by the norm of the rank alone", "fully_sharded",
                      !options.failing, options.failing ? "" : "gradient of step 1 is 912 limits away"}};
  add_scaling(training);
  add_collectives(training);
  training.sync_batch_norm.push_back(synthetic_sync_batch_norm_study());
  if (options.failing) make_differ(training.runs[4]);
  if (options.hostile) {
    TrainingRun& run = training.runs[3];
    run.id = "train." + std::string(hostile_text);
    run.mode = run.model = run.options = run.executor = run.transport = run.reason = run.rerun = run.note =
        hostile_text;
    run.dtype = run.agreement->tolerance = run.agreement->difference = run.timeline[0].label = hostile_text;
    training.faults[0] = {hostile_text, hostile_text, hostile_text, true, hostile_text};
    training.scaling[1].mode = training.scaling[1].model = training.scaling[1].note = hostile_text;
    training.findings.push_back(hostile_text);
    training.collectives[1].collective = training.collectives[1].transport = training.collectives[1].dtype =
        hostile_text;
    SyncBatchNormStudy& study = training.sync_batch_norm[0];
    study.data_set = study.model = study.note = study.taxes[0].formula = study.verdicts[0].claim = hostile_text;
  }
  return training;
}

}  // namespace lockstep::reports
