// SPDX-License-Identifier: Apache-2.0
#include "suites/training/fault_cases.hpp"

#include "harness/data/error.hpp"
#include "suites/training/data_sets.hpp"
#include "suites/training/expectation.hpp"
#include "suites/training/modes/modes.hpp"

namespace lockstep {
namespace {

TrainingPlan distributed(int ranks) {
  TrainingPlan plan;
  plan.mode = "distributed_data_parallel";
  plan.ranks = ranks;
  plan.optimizer = {.kind = "sgd", .lr = 0.1, .momentum = 0.9};
  // Several buckets even for small models.
  plan.first_bucket_bytes = 64;
  plan.bucket_bytes = 256;
  plan.arrival_limit_seconds = 5;
  return plan;
}

TrainingPlan synchronised(int ranks) {
  TrainingPlan plan = distributed(ranks);
  plan.sync_batch_norm = true;
  return plan;
}

TrainingPlan with_rows(TrainingPlan plan, std::vector<RowRange> rows) {
  plan.rows = std::move(rows);
  return plan;
}

TrainingPlan with_clipping(TrainingPlan plan, double max) {
  plan.clipping = ClippingPlan{.max = max};
  return plan;
}

TrainingPlan replicated(int replicas) {
  TrainingPlan plan = distributed(replicas);
  plan.mode = "data_parallel";
  return plan;
}

TrainingPlan accumulating(TrainingPlan plan, int micro_batches) {
  plan.micro_batches = micro_batches;
  return plan;
}

TrainingPlan scaled(TrainingPlan plan) {
  plan.loss_scaling = LossScalingPlan{.initial = 1024.0};
  return plan;
}

TrainingPlan finding_unused(TrainingPlan plan) {
  plan.find_unused_parameters = true;
  return plan;
}

TrainingPlan decaying(TrainingPlan plan) {
  plan.optimizer.weight_decay = 0.1;
  return plan;
}

TrainingPlan in_one_bucket(TrainingPlan plan) {
  plan.first_bucket_bytes = plan.bucket_bytes = TrainingPlan{}.bucket_bytes;
  return plan;
}

TrainingPlan joining(TrainingPlan plan, std::vector<std::int64_t> steps) {
  plan.steps_by_rank = std::move(steps);
  return plan;
}

TrainingPlan on_devices(TrainingPlan plan, std::vector<int> device_ids) {
  plan.device_ids = std::move(device_ids);
  return plan;
}

/// In brackets: where it was seen, or the rule it breaks.
std::vector<TrainingFaultCase> make_list() {
  using F = TrainingFault;
  const std::vector<RowRange> uneven{{0, 5}, {5, 8}};
  return {
      {F::bucket_dropped, "bucket_dropped", "the last bucket is never reduced", "mlp", distributed(2)},
      {F::bucket_doubled, "bucket_doubled", "the first bucket is reduced twice", "mlp", distributed(2)},
      {F::buckets_reordered, "buckets_reordered", "one rank reduces its buckets in another order", "mlp",
       distributed(2)},
      {F::averaged_by_samples, "averaged_by_samples",
       "ranks weigh by their rows instead of equally (the reverse: pytorch 67253, 37359)", "mlp",
       with_rows(distributed(2), uneven)},
      {F::averaged_twice, "averaged_twice", "gradients are divided by the ranks twice", "mlp", distributed(4)},
      {F::summed_not_averaged, "summed_not_averaged", "gradients are summed, never divided", "tfm", distributed(2)},
      {F::reduced_before_accumulation, "reduced_before_accumulation",
       "the reduction takes place before the last micro-batch", "mlp", accumulating(distributed(2), 2)},
      {F::outputs_averaged, "outputs_averaged",
       "DataParallel averages the replicas' outputs instead of concatenating them", "mlp", replicated(2)},
      {F::clipped_before_reduction, "clipped_before_reduction", "every rank clips its own gradient before the average",
       "mlp", with_clipping(distributed(2), 0.05)},
      {F::clipped_by_local_norm, "clipped_by_local_norm",
       "the average is clipped by one rank's own norm (pytorch 72548, 170862; torchtitan 766)", "mlp",
       with_clipping(distributed(2), 0.05)},
      {F::merge_without_counts, "merge_without_counts",
       "SyncBatchNorm merges as if all ranks had as many rows (pytorch 22192, apex 387)", "conv",
       with_rows(synchronised(2), uneven)},
      {F::biased_running_variance, "biased_running_variance", "SyncBatchNorm's running variance divides by n", "conv",
       synchronised(2)},
      {F::backward_sums_local, "backward_sums_local", "SyncBatchNorm's backward uses one rank's sums", "conv",
       synchronised(2)},
      {F::evaluation_synchronised, "evaluation_synchronised",
       "SyncBatchNorm merges batch statistics in evaluation (pytorch 48988)", "conv", synchronised(2)},
      {F::other_initial_parameters, "other_initial_parameters", "one rank begins with other parameters", "mlp",
       distributed(2)},
      {F::last_batch_skipped, "last_batch_skipped", "one rank leaves out its last batch", "mlp", distributed(2)},
      {F::loss_scale_kept, "loss_scale_kept", "gradients keep the loss scale", "mlp", scaled(distributed(2))},
      {F::unused_parameter_unreduced, "unused_parameter_unreduced",
       "a parameter that one rank did not use keeps local gradients on the others", "gated",
       finding_unused(distributed(2))},
      {F::buffers_never_broadcast, "buffers_never_broadcast", "running statistics are left to each rank", "conv",
       distributed(2)},
      {F::rebuilt_differently, "rebuilt_differently", "one rank rebuilds its buckets in an order of its own", "mlp",
       distributed(2)},
      {F::unused_bucket_left, "unused_bucket_left",
       "a bucket that an unused parameter keeps open is left out without a word (pytorch 128949)", "gated",
       in_one_bucket(finding_unused(distributed(2)))},
      {F::unused_everywhere_moved, "unused_everywhere_moved",
       "a parameter that no rank used gets a gradient of zeros and decays", "gated",
       decaying(finding_unused(distributed(2))), 8, 6},
      {F::joined_ranks_miscounted, "joined_ranks_miscounted", "ranks that ran out of batches leave the divisor", "mlp",
       joining(distributed(2), {3, 1})},
      {F::last_model_not_taken, "last_model_not_taken", "a rank that ran out of batches keeps the model it had", "mlp",
       joining(distributed(2), {3, 1})},
      {F::norm_counted_per_rank, "norm_counted_per_rank",
       "the norm of the averaged gradient is summed over ranks once more (twinkle 290, pytorch 88955)", "mlp",
       with_clipping(distributed(2), 0.05)},
      {F::gradient_means_averaged, "gradient_means_averaged",
       "SyncBatchNorm's backward takes the mean of the ranks' means (pytorch 36382)", "conv",
       with_rows(synchronised(2), uneven)},
      {F::counts_in_lower_precision, "counts_in_lower_precision",
       "SyncBatchNorm's counts travel in 16 bits and are rounded (pytorch 96203)", "conv",
       with_rows(synchronised(2), {{0, 19}, {19, 24}}), 24, 2},
      {F::momentum_swapped, "momentum_swapped", "SyncBatchNorm's momentum weighs the old statistics", "conv",
       synchronised(2)},
      {F::norm_left_out_by_a_rank, "norm_left_out_by_a_rank",
       "one rank leaves a SyncBatchNorm out and hangs the others (tensorpack's warning)", "conv", synchronised(2)},
      {F::losses_averaged, "losses_averaged",
       "DataParallel takes the mean of the replicas' losses over chunks of different size (transformers 608)", "mlp",
       replicated(3)},
      {F::last_replica_survives, "last_replica_survives",
       "DataParallel keeps the last replica's running statistics (pytorch 1051)", "conv", replicated(2)},
      {F::gathered_by_device, "gathered_by_device",
       "DataParallel gathers outputs by device number, not in the order of device_ids", "mlp",
       on_devices(replicated(3), {2, 0, 1})},
      {F::parameter_elsewhere, "parameter_elsewhere", "a parameter of DataParallel's module lies on the second device",
       "mlp", replicated(2)},
  };
}

TrainingJob job_of(const TrainingFaultCase& planted, TrainingFault fault) {
  const ModelDefinition& model = find_model(planted.model);
  TrainingJob job;
  job.plan = planted.plan;
  job.plan.fault = fault;
  job.steps = planted.steps;
  job.keeps_history = true;
  job.make_model = [&model] { return model.make({.dtype = DType::f64, .seed = 1}); };
  job.batch = synthetic_batches(model, planted.rows, DType::f64, 1);
  return job;
}

}  // namespace

const std::vector<TrainingFaultCase>& training_fault_cases() {
  static const std::vector<TrainingFaultCase> faults = make_list();
  return faults;
}

TrainingFaultTrial try_training_fault(const TrainingFaultCase& planted) {
  const TrainingJob healthy = job_of(planted, TrainingFault::none);
  const TrainingRecord expected = expected_training(healthy);
  const TrainingAgreement without = compare_training(train(healthy), expected, healthy.plan, {});
  TrainingFaultTrial trial;
  trial.healthy_run_agrees = without.agrees;
  trial.healthy_difference = without.difference;
  try {
    const TrainingAgreement with = compare_training(train(job_of(planted, planted.fault)), expected, healthy.plan, {});
    trial.caught = !with.agrees;
    trial.by = with.difference;
  } catch (const Error& error) {
    trial.caught = true;
    trial.by = error.what();
  }
  return trial;
}

}  // namespace lockstep
