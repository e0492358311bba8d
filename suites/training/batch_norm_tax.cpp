// SPDX-License-Identifier: Apache-2.0
#include "suites/training/batch_norm_tax.hpp"

#include <algorithm>
#include <memory>
#include <thread>

#include "kernels/communicator/threads/run_ranks.hpp"
#include "suites/collectives/bandwidth.hpp"
#include "suites/training/catalogue_executor.hpp"
#include "suites/training/data_sets.hpp"
#include "suites/training/modes/modes.hpp"
#include "suites/training/step_clock.hpp"

namespace lockstep {
namespace {

/// So small that its bytes cost nothing.
constexpr std::int64_t kLatencyBytes = 64;
constexpr const char* kLabel = "sync_batch_norm";

using RankCalls = std::vector<std::vector<CallTime>>;

/// Of the first rank, every step but the first of each run.
class StepSamples {
 public:
  void add(const RankRecord& rank, const RankCalls& calls) {
    const std::vector<double> waits = waiting_by_step(calls, 0);
    for (std::size_t i = 1; i < rank.timelines.size(); ++i) {
      const StepTimeline& step = rank.timelines[i];
      BatchNormTimes times{.step = step.end - step.begin,
                           .computation = seconds_of(step, Phase::forward) + seconds_of(step, Phase::backward),
                           .collectives = seconds_of(step, Phase::sync_batch_norm)};
      for (std::size_t phase = 0; phase < kPhases; ++phase)
        times.elsewhere += seconds_of(step, static_cast<Phase>(phase));
      times.elsewhere -= times.computation + times.collectives;
      if (i < waits.size()) times.waiting = waits[i];
      steps_.push_back(times);
    }
  }

  /// Means over the half of the steps whose durations lie in the middle: so parts add up to the whole, and a step in which
  /// something else ran counts for nothing.
  BatchNormTimes middle() const {
    std::vector<BatchNormTimes> steps = steps_;
    std::sort(steps.begin(), steps.end(),
              [](const BatchNormTimes& one, const BatchNormTimes& other) { return one.step < other.step; });
    const std::size_t cut = steps.size() / 4;
    const auto share = 1.0 / static_cast<double>(steps.size() - 2 * cut);
    BatchNormTimes mean;
    for (std::size_t i = cut; i + cut < steps.size(); ++i) {
      mean.step += share * steps[i].step;
      mean.computation += share * steps[i].computation;
      mean.collectives += share * steps[i].collectives;
      mean.elsewhere += share * steps[i].elsewhere;
      mean.waiting += share * steps[i].waiting;
    }
    return mean;
  }

 private:
  std::vector<BatchNormTimes> steps_;
};

TrainingJob job_for(int ranks, std::int64_t steps, const Catalogue& catalogue, int images, bool synchronised,
                    RankCalls& calls) {
  const ModelDefinition& model = find_model("image_conv_net");
  TrainingJob job;
  job.plan.mode = "distributed_data_parallel";
  job.plan.ranks = ranks;
  job.plan.sync_batch_norm = synchronised;
  job.steps = steps;
  job.make_model = [&model] { return model.make({.dtype = DType::f32, .seed = 1}); };
  job.batch = synthetic_batches(model, static_cast<std::int64_t>(ranks) * images, DType::f32, 1);
  job.make_executor = [&catalogue] {
    return std::make_unique<CatalogueExecutor>(catalogue, std::vector{Backend::onednn});
  };
  calls.assign(static_cast<std::size_t>(ranks), {});
  job.wrap_communicator = [&calls](Communicator& inner) {
    return std::make_unique<CallTimes>(inner, kLabel, calls[static_cast<std::size_t>(inner.rank())]);
  };
  return job;
}

/// The collectives of one step behind the first.
std::vector<CallTime> of_one_step(const RankCalls& calls) {
  std::vector<CallTime> found;
  for (const CallTime& call : calls[0])
    if (call.step == 1) found.push_back(call);
  return found;
}

reports::SyncBatchNormTax row_of(const StepSamples& synchronised, const StepSamples& local,
                                 const std::vector<CallTime>& calls, MessageCost& cost) {
  double latency = 0, volume = 0;
  std::int64_t bytes = 0;
  for (const CallTime& call : calls) {
    const double smallest = cost.seconds(call.collective, kLatencyBytes);
    latency += smallest;
    volume += std::max(0.0, cost.seconds(call.collective, call.payload_bytes) - smallest);
    bytes += call.payload_bytes;
  }
  reports::SyncBatchNormTax row = tax_of(synchronised.middle(), local.middle(), latency, volume);
  row.collectives = static_cast<std::int64_t>(calls.size());
  row.bytes = bytes;
  return row;
}

}  // namespace

double MessageCost::seconds(Collective collective, std::int64_t payload_bytes) {
  const auto [found, is_new] = known_.try_emplace({collective, payload_bytes}, 0.0);
  if (!is_new) return found->second;
  const BandwidthPlan plan{.collectives = {collective}, .payload_bytes = {payload_bytes}};
  run_ranks(ranks_, [&, &median = found->second](Communicator& communicator) {
    const std::unique_ptr<Device> host = make_host_device(DeviceKind::cpu);
    const std::vector<BandwidthPoint> points = measure_bandwidth(communicator, *host, plan);
    if (communicator.rank() == 0) median = points.at(0).median_seconds;
  });
  return found->second;
}

reports::SyncBatchNormTax tax_of(const BatchNormTimes& synchronised, const BatchNormTimes& local, double latency,
                                 double volume) {
  reports::SyncBatchNormTax tax;
  tax.parts = {
      {"latency", latency, "calls x seconds of one of 64 bytes, between as many threads that come at once"},
      {"volume", volume, "seconds of the calls at their own sizes, measured likewise, beyond the latency"},
      {"waiting in the norms", synchronised.waiting,
       "in each collective, the last rank's arrival - the first rank's: ranks out of step, and cores shared"},
      {"computation in parts", synchronised.computation - local.computation,
       "forward and backward without collectives, against those of local statistics, which one fused operator has"},
      {"all other phases", synchronised.elsewhere - local.elsewhere,
       "mostly less waiting for gradients, since the norms have brought the ranks into step"}};
  tax.predicted_seconds = 0;
  for (const reports::SyncBatchNormTaxPart& part : tax.parts) tax.predicted_seconds += part.seconds;
  tax.measured_seconds = synchronised.step - local.step;
  tax.residual_seconds = tax.measured_seconds - tax.predicted_seconds;
  tax.formula =
      "the sum of its parts. Latency and volume are predicted from the collectives alone; the others are measured in "
      "the "
      "same runs, so that they say where time goes and predict nothing. The residual is what no part explains: "
      "collectives "
      "that take longer inside of a step, where caches are cold and cores shared, than on their own";
  return tax;
}

std::vector<reports::SyncBatchNormTax> measure_batch_norm_tax(const BatchNormTaxPlan& plan, const Catalogue& catalogue,
                                                              const std::function<bool()>& stops) {
  std::vector<reports::SyncBatchNormTax> taxes;
  for (const int ranks : plan.ranks) {
    MessageCost cost(ranks);
    for (const int images : plan.images_per_rank) {
      StepSamples local, synchronised;
      RankCalls calls;
      for (int round = 0; round < plan.rounds; ++round) {
        if (stops()) return taxes;
        local.add(train(job_for(ranks, plan.steps, catalogue, images, false, calls)).ranks[0], calls);
        synchronised.add(train(job_for(ranks, plan.steps, catalogue, images, true, calls)).ranks[0], calls);
      }
      reports::SyncBatchNormTax& tax = taxes.emplace_back(row_of(synchronised, local, of_one_step(calls), cost));
      tax.ranks = ranks;
      tax.images_per_rank = images;
      tax.oversubscribed = ranks > static_cast<int>(std::thread::hardware_concurrency());
    }
  }
  return taxes;
}

}  // namespace lockstep
