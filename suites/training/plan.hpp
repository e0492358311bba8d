// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/data/dtype.hpp"

namespace lockstep {

/// The rule by which parameters move; names and defaults are PyTorch's.
struct OptimizerPlan {
  /// sgd, adam or adamw
  std::string kind = "sgd";
  double lr = 0.1, momentum = 0.0, dampening = 0.0, weight_decay = 0.0;
  bool nesterov = false, maximize = false, amsgrad = false;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
};

/// Clipping of the gradients that the optimiser is about to get.
struct ClippingPlan {
  enum class Kind : std::uint8_t { norm, value };
  Kind kind = Kind::norm;
  /// max_norm, or clip_value.
  double max = 1.0;
  /// Order of the norm; infinity for the largest magnitude.
  double norm_type = 2.0;
};

/// Scaling of the loss so that 16-bit gradients do not underflow; defaults of torch.cuda.amp.GradScaler.
struct LossScalingPlan {
  double initial = 65536.0, growth = 2.0, backoff = 0.5;
  /// Steps without an overflow after which the scale grows.
  std::int64_t growth_interval = 2000;
};

/// Half-open range of rows of a batch.
struct RowRange {
  std::int64_t begin = 0, end = 0;
  std::int64_t count() const { return end - begin; }
};

/// Faults that parallel training is known to have had, planted on demand: a check that cannot fail is worth nothing.
enum class TrainingFault : std::uint8_t {
  none,
  bucket_dropped,               // the last bucket of a step is never reduced
  bucket_doubled,               // the first bucket is reduced twice
  buckets_reordered,            // rank 1 reduces its first two buckets in the other order
  averaged_by_samples,          // a rank's gradient weighs as many rows as it has, where the mode is the mean of means
  averaged_twice,               // divided by the ranks before and after the reduction
  summed_not_averaged,          // never divided
  reduced_before_accumulation,  // the first micro-batch's gradient is reduced, the others stay local
  outputs_averaged,             // DataParallel gives the loss the mean of the replicas' outputs
  clipped_before_reduction,     // every rank clips its own gradient, then they are averaged
  clipped_by_local_norm,        // the norm of one rank's gradient before the average clips the average
  merge_without_counts,         // SyncBatchNorm: mean of means where ranks have different rows
  biased_running_variance,      // SyncBatchNorm: m2 / n in the running variance
  backward_sums_local,          // SyncBatchNorm: the backward uses this rank's sums
  evaluation_synchronised,      // SyncBatchNorm: evaluation merges the batch's statistics
  other_initial_parameters,     // the last rank begins elsewhere and nothing is broadcast
  last_batch_skipped,           // the last rank ends a step early
  loss_scale_kept,              // gradients are not divided by the loss scale
  unused_parameter_unreduced,   // a parameter that one rank did not use keeps its local gradients on the others
  buffers_never_broadcast,      // running statistics are left to each rank
  rebuilt_differently,          // rank 1 rebuilds its buckets in another order than the first rank's
  unused_bucket_left,           // a bucket that some parameter never reaches is left out, and nobody says so
  unused_everywhere_moved,      // a parameter that no rank used gets a gradient of zeros instead of none
  joined_ranks_miscounted,      // ranks that have run out count in the divisor where they should not, or the reverse
  last_model_not_taken,         // a rank that has run out keeps its own model at the end
  norm_counted_per_rank,        // the norm of the averaged gradient is summed over ranks once more
  gradient_means_averaged,      // SyncBatchNorm: the backward takes the mean of the ranks' means
  counts_in_lower_precision,    // SyncBatchNorm: ranks' counts travel in the activations' 16-bit type
  momentum_swapped,             // SyncBatchNorm: momentum weighs the old running statistics
  norm_left_out_by_a_rank,      // SyncBatchNorm: the last rank's first norm takes its own statistics and tells nobody
  losses_averaged,              // DataParallel: the mean of the replicas' losses instead of one loss
  last_replica_survives,        // DataParallel: the last replica's running statistics are kept
  gathered_by_device,           // DataParallel: outputs are gathered by device number, not in the order of the chunks
  parameter_elsewhere           // DataParallel: a parameter lies on the second device
};
inline constexpr std::size_t kTrainingFaults = static_cast<std::size_t>(TrainingFault::parameter_elsewhere);

/// A way of training, complete: what decides every number of a run but model, data and dtype.
struct TrainingPlan {
  /// Name in the list of modes.
  std::string mode = "single";
  /// Ranks, replicas or workers.
  int ranks = 1;
  /// Micro-batches per rank and step.
  int micro_batches = 1;
  /// Explicit rows of each rank (or micro-batch, or replica); empty: equal parts or the mode's rule.
  std::vector<RowRange> rows;
  /// Weighs each micro-batch 1/k instead of by its rows, as naive accumulation does.
  bool weighs_micro_batches_equally = false;
  bool sync_batch_norm = false;
  bool broadcast_buffers = true;
  bool find_unused_parameters = false;
  /// Steps for which each rank has batches; empty: all have as many. A rank that has run out joins: it contributes zeros
  /// to the others' reductions until all have (torch.distributed.algorithms.Join), and takes their model at the end.
  std::vector<std::int64_t> steps_by_rank;
  /// What the sum of gradients is divided by while some ranks have joined: all ranks, or those that still train.
  bool joined_ranks_count = true;
  /// Buckets of the gradient reduction: the first is smaller, so that the reduction starts early.
  std::int64_t first_bucket_bytes = std::int64_t{1} << 20, bucket_bytes = std::int64_t{25} << 20;
  /// Whether buckets are laid out again behind the first step, in the order in which gradients arrived. Never where unused
  /// parameters are looked for, since the order then says nothing about the next step.
  bool rebuild_buckets = true;
  /// data_parallel: the devices of the replicas in the order of the chunks; empty: all. A device is a rank of the
  /// transport. The first one holds the module.
  std::vector<int> device_ids;
  /// data_parallel: where outputs are gathered and the loss is computed; without it the first device.
  std::optional<int> output_device;
  /// data_parallel: where a parameter or buffer lies, by name; the others lie on the first device.
  std::map<std::string, int> tensor_devices;
  OptimizerPlan optimizer;
  std::optional<ClippingPlan> clipping;
  /// Lower precision of matrix products and convolutions; parameters stay f32.
  std::optional<DType> autocast;
  std::optional<LossScalingPlan> loss_scaling;
  /// How long a rank waits for another in one collective.
  double arrival_limit_seconds = 60.0;
  TrainingFault fault = TrainingFault::none;
};

}  // namespace lockstep
