// SPDX-License-Identifier: Apache-2.0
#pragma once
// The part of a report that says what parallel training costs and whether it agrees with what it must equal. Unknown
// values are empty, as in report.hpp: an empty string or list, std::nullopt, or NaN for a number.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/outcome.hpp"

namespace lockstep::reports {

// What a stretch of a step was spent on. `communication` appears in timelines only: it may be hidden behind other
// phases, and a decomposition counts just what was not.
enum class TrainingPhase {
  input,
  forward,
  backward,
  exposed_communication,
  sync_batch_norm,
  buffer_broadcast,
  scatter_gather,
  parameter_gather,
  clip,
  optimizer,
  straggler_wait,
  bubble,
  communication
};

enum class TimelineLane { compute, communication };

// How far a run is from what its mode must give. Distances are in units of what is allowed: the gate is 1.
struct TrainingAgreement {
  double worst_loss = not_a_number;  // may be non-finite, as all four
  double worst_gradient = not_a_number;
  double worst_parameter = not_a_number;
  double worst_buffer = not_a_number;
  bool bit_identical = false;  // every compared number has the same bits
  std::int64_t numbers_compared = 0;
  std::string tolerance = {};                         // what distance 1 is, in words
  std::string difference = {};                        // the first thing that differs, in words; "" when nothing does
  std::optional<std::int64_t> diverged_at_step = {};  // ranks that must be equal were not, after this step
};

// Over the samples of one rank's step; the slowest rank where they differ.
struct StepTime {
  std::vector<double> samples_seconds = {};  // one step each, in the order in which they were taken
  double median_seconds = not_a_number;
  double p5_seconds = not_a_number;   // 5th percentile
  double p95_seconds = not_a_number;  // 95th percentile
};

struct PhaseSeconds {
  TrainingPhase phase = TrainingPhase::forward;
  double seconds = 0;
};

// Where a step's time goes. The phases and the residual sum to `step_seconds`; a file in which they do not is refused.
struct StepDecomposition {
  double step_seconds = 0;
  std::vector<PhaseSeconds> phases = {};
  double residual_seconds = 0;  // what no phase explains; may be negative
};

// The same step three times: with communication left out, communication alone, and both.
struct CommunicationSplit {
  double alone_seconds = not_a_number;       // communication with no computation beside it
  double exposed_seconds = not_a_number;     // step with both - step without communication
  double overlapped_seconds = not_a_number;  // alone - exposed
  double contended_seconds = not_a_number;   // computation became slower by this because communication ran beside it
};

struct TimelineSpan {
  int rank = 0;
  TimelineLane lane = TimelineLane::compute;
  TrainingPhase phase = TrainingPhase::forward;
  std::string label = {};    // "bucket 0"; may be empty
  double begin_seconds = 0;  // since the step began on the first rank
  double end_seconds = 0;
};

struct TrainingRun {
  std::string id = {};    // "train.distributed_data_parallel/mlp/ranks=2,dtype=f32"; unique in a report
  std::string mode = {};  // "distributed_data_parallel"
  std::string model = {};
  std::string dtype = {};
  std::string transport = {};  // "threads", "mpi", "nccl"
  std::string executor = {};   // what computes: "oneDNN and formulas"
  int ranks = 0;
  std::int64_t steps = 0;
  std::int64_t rows_per_batch = 0;  // of all ranks together
  std::string options = {};         // in words: "buckets of 1 MiB, overlap, momentum 0.9"
  Outcome outcome = Outcome::skipped;
  std::string reason = {};  // why not passed, in words; "" when passed
  std::optional<TrainingAgreement> agreement = {};
  std::vector<double> losses = {};  // by step; may be non-finite
  std::optional<StepTime> step_time = {};
  double rows_per_second = not_a_number;
  std::optional<StepDecomposition> decomposition = {};
  std::optional<CommunicationSplit> split = {};
  double collective_calls_per_step = not_a_number;
  double collective_bytes_per_step = not_a_number;
  double straggler_p50_seconds = not_a_number;  // between the first and the last rank at a collective
  double straggler_p99_seconds = not_a_number;
  std::vector<std::int64_t> memory_bytes = {};  // [ranks]
  bool oversubscribed = false;                  // more ranks than cores or devices
  bool quiet = true;                            // the quietness probes found the machine idle
  std::vector<TimelineSpan> timeline = {};      // one step
  std::string rerun = {};                       // command line that repeats it
  std::string note = {};
};

// A fault of parallel training, planted on purpose, and whether the comparison rejected it.
struct TrainingFault {
  std::string id = {};           // "gradients_summed"
  std::string description = {};  // "gradients are summed and not averaged"
  std::string mode = {};
  bool caught = false;
  std::string by = {};  // "parameter w1 of step 0 is 3.1 limits away"
};

enum class ScalingKind { weak, strong };

struct ScalingPoint {
  std::string mode = {};
  std::string model = {};
  ScalingKind kind = ScalingKind::strong;
  int ranks = 0;
  std::int64_t bucket_bytes = 0;  // 0: no buckets
  std::int64_t rows_per_rank = 0;
  double seconds_per_step = not_a_number;
  double low_seconds = not_a_number;  // 95 % interval of seconds_per_step; NaN when there are too few samples
  double high_seconds = not_a_number;
  double rows_per_second = not_a_number;
  double efficiency = not_a_number;  // against base_ranks: weak T(N0)/T(N), strong T(N0) N0 / (N T(N))
  int base_ranks = 0;                // N0
  bool oversubscribed = false;
  bool quiet = true;
  std::string note = {};
};

struct CollectivePoint {
  std::string collective = {};  // "all_reduce"
  std::string transport = {};
  int ranks = 0;
  std::string dtype = {};
  std::int64_t bytes = 0;  // of one rank's buffer
  double median_seconds = not_a_number;
  double p95_seconds = not_a_number;
  double algorithm_bandwidth = not_a_number;  // bytes/s: bytes / median
  double bus_bandwidth = not_a_number;        // bytes/s, the bytes that each link has to carry
  double copy_ceiling = not_a_number;         // bytes/s that plain copies reach with every rank copying at once
  double fraction = not_a_number;             // of the copy ceiling
  bool oversubscribed = false;
  bool quiet = true;
  bool reportable = true;  // false: right, but its speed says nothing (several ranks on one GPU)
};

enum class SyncBatchNormVariant { whole_batch, local, synchronised, group };

// One way to normalise at one number of images per rank. All lists by step are as long as `steps`.
struct SyncBatchNormCurve {
  SyncBatchNormVariant variant = SyncBatchNormVariant::local;
  int group_ranks = 0;  // of variant group: the ranks that share statistics
  int images_per_rank = 0;
  std::vector<std::uint64_t> seeds = {};
  std::vector<std::int64_t> steps = {};
  std::vector<double> loss_mean = {};  // over the seeds
  std::vector<double> loss_low = {};
  std::vector<double> loss_high = {};
  std::vector<double> accuracy_mean = {};  // 0 to 1, on data that was not trained on
  std::vector<double> accuracy_low = {};
  std::vector<double> accuracy_high = {};
  std::vector<double> final_accuracies = {};  // [seeds]
};

// A term of what a tax is explained by; may be negative.
struct SyncBatchNormTaxPart {
  std::string name = {};  // "waiting for the other ranks"
  double seconds = not_a_number;
  std::string formula = {};  // how it was found, in words
};

// What synchronising the statistics costs in one step. The prediction is the sum of the parts.
struct SyncBatchNormTax {
  int images_per_rank = 0;
  int ranks = 0;  // 0: not known, reports before it was written
  bool oversubscribed = false;
  std::vector<SyncBatchNormTaxPart> parts = {};
  double residual_seconds = not_a_number;  // measured - predicted
  double measured_seconds = not_a_number;
  double predicted_seconds = not_a_number;
  std::string formula = {};  // of the prediction, in words
  std::int64_t collectives = 0;
  std::int64_t bytes = 0;
};

enum class StudyVerdict { supported, refuted, inconclusive };

// The claim at one number of images per rank: synchronised - local final accuracy.
struct SyncBatchNormVerdict {
  int images_per_rank = 0;
  std::string claim = {};  // "synchronised statistics end at a higher accuracy than local ones"
  StudyVerdict verdict = StudyVerdict::inconclusive;
  double low_points = not_a_number;  // 95 % interval of the difference, in percentage points
  double high_points = not_a_number;
  int seeds_used = 0;
};

struct SyncBatchNormStudy {
  std::string data_set = {};
  std::string model = {};
  int ranks = 0;
  std::vector<SyncBatchNormCurve> curves = {};
  std::vector<SyncBatchNormTax> taxes = {};
  std::vector<SyncBatchNormVerdict> verdicts = {};
  std::string note = {};
};

struct Training {
  std::vector<TrainingRun> runs = {};
  std::vector<TrainingFault> faults = {};
  std::vector<ScalingPoint> scaling = {};
  std::vector<std::string> findings = {};  // sentences: "DataParallel overtakes ... at ... because ..."
  std::vector<CollectivePoint> collectives = {};
  std::vector<SyncBatchNormStudy> sync_batch_norm = {};
};

}  // namespace lockstep::reports
