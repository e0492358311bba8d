// SPDX-License-Identifier: Apache-2.0
#include "suites/training/batch_norm_tax.hpp"

#include "kernels/communicator/threads/run_ranks.hpp"
#include "reports/statistics.hpp"
#include "suites/collectives/bandwidth.hpp"
#include "suites/training/catalogue_executor.hpp"
#include "suites/training/data_sets.hpp"
#include "suites/training/modes/modes.hpp"
#include "suites/training/step_clock.hpp"

namespace lockstep {
namespace {

struct StepSamples {
  std::vector<double> steps, communication;
  std::int64_t calls = 0, bytes = 0;  // of a run, rank 0

  void add(const RankRecord& rank) {
    for (std::size_t i = 1; i < rank.timelines.size(); ++i) {
      steps.push_back(rank.timelines[i].end - rank.timelines[i].begin);
      communication.push_back(seconds_of(rank.timelines[i], Phase::sync_batch_norm));
    }
    calls = rank.collective_calls;
    bytes = rank.collective_bytes;
  }
};

TrainingJob job_for(const BatchNormTaxPlan& plan, const Catalogue& catalogue, int images, bool synchronised) {
  const ModelDefinition& model = find_model("image_conv_net");
  TrainingJob job;
  job.plan.mode = "distributed_data_parallel";
  job.plan.ranks = plan.ranks;
  job.plan.sync_batch_norm = synchronised;
  job.steps = plan.steps;
  job.make_model = [&model] { return model.make({.dtype = DType::f32, .seed = 1}); };
  job.batch = synthetic_batches(model, static_cast<std::int64_t>(plan.ranks) * images, DType::f32, 1);
  job.make_executor = [&catalogue] {
    return std::make_unique<CatalogueExecutor>(catalogue, std::vector{Backend::onednn});
  };
  return job;
}

}  // namespace

MessageCost measure_message_cost(int ranks) {
  MessageCost cost;
  run_ranks(ranks, [&](Communicator& communicator) {
    const std::unique_ptr<Device> host = make_host_device(DeviceKind::cpu);
    const BandwidthPlan plan{.collectives = {Collective::all_gather, Collective::all_reduce},
                             .payload_bytes = {64, 1 << 20}};
    const std::vector<BandwidthPoint> points = measure_bandwidth(communicator, *host, plan);
    if (communicator.rank() != 0) return;
    cost.latency_seconds = (points[0].median_seconds + points[2].median_seconds) / 2;
    cost.bandwidth = 2.0 * (1 << 20) / (points[1].median_seconds + points[3].median_seconds);
  });
  return cost;
}

std::vector<BatchNormTax> measure_batch_norm_tax(const BatchNormTaxPlan& plan, const Catalogue& catalogue,
                                                 const std::function<bool()>& stops) {
  std::vector<BatchNormTax> taxes;
  const MessageCost cost = measure_message_cost(plan.ranks);
  for (const int images : plan.images_per_rank) {
    StepSamples local, synchronised;
    for (int round = 0; round < plan.rounds; ++round) {
      if (stops()) return taxes;
      local.add(train(job_for(plan, catalogue, images, false)).ranks[0]);
      synchronised.add(train(job_for(plan, catalogue, images, true)).ranks[0]);
    }
    BatchNormTax& tax = taxes.emplace_back();
    tax.communication_seconds = reports::median_of(synchronised.communication);
    tax.row.images_per_rank = images;
    tax.row.measured_seconds = reports::median_of(synchronised.steps) - reports::median_of(local.steps);
    tax.row.collectives = (synchronised.calls - local.calls) / plan.steps;
    tax.row.bytes = (synchronised.bytes - local.bytes) / plan.steps;
    tax.row.formula =
        "collectives of SyncBatchNorm in a step x latency + their bytes / bandwidth, both measured between "
        "threads on this machine; without the computation of statistics in parts";
    tax.row.predicted_seconds = static_cast<double>(tax.row.collectives) * cost.latency_seconds +
                                static_cast<double>(tax.row.bytes) / cost.bandwidth;
  }
  return taxes;
}

}  // namespace lockstep
