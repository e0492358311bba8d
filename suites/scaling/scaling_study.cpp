// SPDX-License-Identifier: Apache-2.0
#include "suites/scaling/scaling_study.hpp"

#include <algorithm>

#include "harness/data/error.hpp"
#include "suites/training/modes/modes.hpp"

namespace lockstep {
namespace {

std::vector<std::int64_t> buckets_of(const ScalingPlan& plan, const std::string& mode) {
  return mode == "distributed_data_parallel" ? plan.bucket_bytes : std::vector<std::int64_t>{0};
}

/// Every training of a model once, however many curves it is a point of.
std::vector<TimedTraining> trainings_of(const ScalingPlan& plan, const std::string& model) {
  std::map<std::string, TimedTraining> found;
  std::vector<std::string> order;
  const auto add = [&](TimedTraining training) {
    const std::string name = training.name();
    if (found.emplace(name, std::move(training)).second) order.push_back(name);
  };
  for (const std::string& mode : plan.modes)
    for (const int ranks : plan.ranks) {
      for (const std::int64_t bucket : buckets_of(plan, mode)) {
        add(training_of(plan, mode, model, ranks, plan.rows, bucket));
        add(training_of(plan, mode, model, ranks, plan.rows * ranks, bucket));
      }
      if (ranks == 1 || is_oversubscribed(ranks)) continue;
      for (const std::int64_t rows : compared_rows(plan, ranks))
        add(training_of(plan, mode, model, ranks, rows, plan.bucket_bytes.back()));
    }
  std::vector<TimedTraining> trainings;
  for (const std::string& name : order) {
    const TimedTraining& training = found.at(name);
    const std::string refusal = find_mode(training.mode).refusal(training.scenario().plan, training.rows);
    if (!refusal.empty()) throw Error("scale: mode " + training.mode + ": " + refusal);
    trainings.push_back(training);
  }
  return trainings;
}

/// The points of the weak curve; those of the strong one differ in the share of computation alone.
bool is_split(const ScalingPlan& plan, const TimedTraining& training) {
  return training.mode == "distributed_data_parallel" && training.ranks > 1 &&
         training.rows == plan.rows * training.ranks;
}

std::vector<int> ranks_side_by_side(const ScalingPlan& plan) {
  std::vector<int> ranks;
  for (const int count : plan.ranks)
    if (count > 1 && !is_oversubscribed(count)) ranks.push_back(count);
  return ranks;
}

}  // namespace

const MeasuredTraining* ModelScaling::find(const TimedTraining& training) const {
  const auto found = trainings.find(training.name());
  return found == trainings.end() || found->second.series.steps.empty() ? nullptr : &found->second;
}

TimedTraining training_of(const ScalingPlan& plan, const std::string& mode, const std::string& model, int ranks,
                          std::int64_t rows, std::int64_t bucket_bytes) {
  return {.mode = mode,
          .model = model,
          .ranks = ranks,
          .rows = rows,
          .bucket_bytes = mode == "distributed_data_parallel" ? bucket_bytes : 0,
          .steps = plan.steps,
          .seed = plan.seed};
}

std::vector<std::int64_t> compared_rows(const ScalingPlan& plan, int ranks) {
  return {std::max<std::int64_t>(plan.rows / 4, ranks), 4 * plan.rows};
}

std::size_t runs_of_model(const ScalingPlan& plan, const std::string& model) {
  const std::vector<TimedTraining> trainings = trainings_of(plan, model);
  const auto splits = std::count_if(trainings.begin(), trainings.end(),
                                    [&](const TimedTraining& training) { return is_split(plan, training); });
  return (trainings.size() + 2 * static_cast<std::size_t>(splits) + ranks_side_by_side(plan).size()) *
         static_cast<std::size_t>(plan.repetitions);
}

ModelScaling measure_model(const ScalingPlan& plan, const std::string& model, const Catalogue& catalogue,
                           const std::function<bool(const std::string& next)>& proceed) {
  ModelScaling scaling{.model = model, .trainings = {}, .splits = {}, .side_by_side = {}};
  std::vector<Contender> contenders;
  std::vector<StepSeries*> results;
  for (const TimedTraining& training : trainings_of(plan, model)) {
    MeasuredTraining& measured = scaling.trainings[training.name()];
    measured.training = training;
    contenders.push_back({training.name(), [&measured, &catalogue] {
                            measured.record = train_timed(measured.training, catalogue);
                            return sample_of(measured.record);
                          }});
    results.push_back(&measured.series);
    if (!is_split(plan, training)) continue;
    MeasuredSplit& split = scaling.splits[training.name()];
    contenders.push_back({"without communication: " + training.name(),
                          [training, &catalogue] { return sample_without_communication(training, catalogue); }});
    results.push_back(&split.without_communication);
    contenders.push_back(
        {"communication alone: " + training.name(), [training] { return sample_of_communication(training); }});
    results.push_back(&split.alone);
  }
  for (const int ranks : ranks_side_by_side(plan)) {
    const TimedTraining training = training_of(plan, "single", model, ranks, plan.rows * ranks, 0);
    contenders.push_back({std::to_string(ranks) + " independent trainings of " + model,
                          [training, &catalogue] { return sample_side_by_side(training, catalogue); }});
    results.push_back(&scaling.side_by_side[ranks]);
  }
  std::vector<StepSeries> series = measure_interleaved(contenders, plan.repetitions, proceed);
  for (std::size_t i = 0; i < series.size(); ++i) *results[i] = std::move(series[i]);
  return scaling;
}

}  // namespace lockstep
