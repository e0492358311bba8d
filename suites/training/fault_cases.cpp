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

std::vector<TrainingFaultCase> make_list() {
  using F = TrainingFault;
  const std::vector<RowRange> uneven{{0, 5}, {5, 8}};
  return {
      {F::bucket_dropped, "bucket_dropped", "the last bucket is never reduced", "mlp", distributed(2)},
      {F::bucket_doubled, "bucket_doubled", "the first bucket is reduced twice", "mlp", distributed(2)},
      {F::buckets_reordered, "buckets_reordered", "one rank reduces its buckets in another order", "mlp",
       distributed(2)},
      {F::averaged_by_samples, "averaged_by_samples", "ranks weigh by their rows instead of equally", "mlp",
       with_rows(distributed(2), uneven)},
      {F::averaged_twice, "averaged_twice", "gradients are divided by the ranks twice", "mlp", distributed(4)},
      {F::summed_not_averaged, "summed_not_averaged", "gradients are summed, never divided", "tfm", distributed(2)},
      {F::reduced_before_accumulation, "reduced_before_accumulation",
       "the reduction takes place before the last micro-batch", "mlp", accumulating(distributed(2), 2)},
      {F::outputs_averaged, "outputs_averaged",
       "DataParallel averages the replicas' outputs instead of concatenating them", "mlp", replicated(2)},
      {F::clipped_before_reduction, "clipped_before_reduction", "every rank clips its own gradient before the average",
       "mlp", with_clipping(distributed(2), 0.05)},
      {F::clipped_by_local_norm, "clipped_by_local_norm", "the average is clipped by one rank's own norm", "mlp",
       with_clipping(distributed(2), 0.05)},
      {F::merge_without_counts, "merge_without_counts", "SyncBatchNorm merges as if all ranks had as many rows", "conv",
       with_rows(synchronised(2), uneven)},
      {F::biased_running_variance, "biased_running_variance", "SyncBatchNorm's running variance divides by n", "conv",
       synchronised(2)},
      {F::backward_sums_local, "backward_sums_local", "SyncBatchNorm's backward uses one rank's sums", "conv",
       synchronised(2)},
      {F::evaluation_synchronised, "evaluation_synchronised", "SyncBatchNorm merges batch statistics in evaluation",
       "conv", synchronised(2)},
      {F::other_initial_parameters, "other_initial_parameters", "one rank begins with other parameters", "mlp",
       distributed(2)},
      {F::last_batch_skipped, "last_batch_skipped", "one rank leaves out its last batch", "mlp", distributed(2)},
      {F::loss_scale_kept, "loss_scale_kept", "gradients keep the loss scale", "mlp", scaled(distributed(2))},
      {F::unused_parameter_unreduced, "unused_parameter_unreduced",
       "a parameter that one rank did not use keeps local gradients on the others", "gated",
       finding_unused(distributed(2))},
      {F::buffers_never_broadcast, "buffers_never_broadcast", "running statistics are left to each rank", "conv",
       distributed(2)},
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
