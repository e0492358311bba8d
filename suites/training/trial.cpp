// SPDX-License-Identifier: Apache-2.0
#include "suites/training/trial.hpp"

#include "harness/data/error.hpp"
#include "suites/training/catalogue_executor.hpp"
#include "suites/training/expectation.hpp"
#include "suites/training/modes/modes.hpp"

namespace lockstep {
namespace {

bool is_exact(const Scenario& scenario) { return scenario.model == "exact"; }

void judge_schedule(TrainingTrial& trial, const TrialOptions& options) {
  const Scenario& scenario = trial.scenario;
  TrainingJob job = job_of(scenario, DType::f64, nullptr, options);
  // Lower precision is the executor's matter, and in double there is none.
  job.plan.autocast.reset();
  const TrainingRecord expected = expected_training(job), got = train(job);
  trial.schedule = compare_training(got, expected, job.plan, {});
  const bool has_batch_norm = !job.make_model()->buffers().empty();
  if (!scenario.equals_one_rank(has_batch_norm) || scenario.plan.mode == "single") return;
  TrainingJob alone = job;
  alone.plan.mode = "single";
  alone.plan.ranks = alone.plan.micro_batches = 1;
  alone.plan.sync_batch_norm = false;
  alone.plan.rows.clear();
  TrainingRecord one = train(alone);
  // Ranks report the means of their own rows; one rank has one loss, so losses are compared by the schedule alone.
  TrainingRecord by_history = got;
  by_history.ranks.resize(1);
  by_history.ranks[0].losses = one.ranks[0].losses;
  by_history.ranks[0].evaluation_loss = one.ranks[0].evaluation_loss;
  trial.one_rank = compare_training(by_history, one, alone.plan, {});
}

void judge_timed_run(TrainingTrial& trial, const Catalogue& catalogue, const TrialOptions& options) {
  const Scenario& scenario = trial.scenario;
  const TrainingJob job = job_of(scenario, scenario.dtype, options.fast ? &catalogue : nullptr, options);
  trial.record = train(job);
  TrainingJob exact = job_of(scenario, DType::f64, nullptr, options);
  exact.plan.autocast.reset();
  const TrainingRecord expected = expected_training(exact);
  const DType narrower = scenario.plan.autocast.value_or(scenario.dtype);
  TrainingTolerance tolerance;
  if (is_exact(scenario)) {
    tolerance.relative = 0.0;
    trial.tolerance = "bit for bit: every sum of the first step is exact";
  } else if (narrower == DType::f64) {
    trial.tolerance = "1e-9 of the largest number of each tensor";
  } else {
    tolerance = tolerance_of(exact, expected, narrower);
    trial.tolerance = "32 times the spread of runs in double moved by roundings of " + std::string(name_of(narrower));
  }
  trial.timed = compare_training(trial.record, expected, job.plan, tolerance);
}

}  // namespace

TrainingJob job_of(const Scenario& scenario, DType dtype, const Catalogue* catalogue, const TrialOptions& options) {
  const ModelDefinition& model = find_model(scenario.model);
  TrainingJob job;
  job.plan = scenario.plan;
  // Exactness is promised for one step: behind it numbers have more bits.
  job.steps = is_exact(scenario) ? 1 : scenario.steps;
  job.keeps_history = true;
  job.wrap_communicator = options.wrap_communicator;
  // The seed's numbers in double are those in float32 rounded; all runs begin with the same float32 numbers.
  job.make_model = [&model, dtype, seed = scenario.seed] {
    const auto narrow = model.make({.dtype = DType::f32, .seed = seed});
    auto made = model.make({.dtype = dtype, .seed = seed});
    load_state(*made, state_of(*narrow));
    return made;
  };
  BatchSource batches = options.images ? options.images->batches(scenario.rows, DType::f32, scenario.seed)
                                       : synthetic_batches(model, scenario.rows, DType::f32, scenario.seed);
  job.batch = [batches = std::move(batches), dtype](std::int64_t step) {
    Batch batch = batches(step);
    if (dtype == DType::f32) return batch;
    batch.x = batch.x.rounded_to(dtype);
    if (is_floating(batch.y.dtype())) batch.y = batch.y.rounded_to(dtype);
    return batch;
  };
  if (catalogue)
    job.make_executor = [catalogue] {
      return std::make_unique<CatalogueExecutor>(*catalogue, std::vector{Backend::onednn});
    };
  return job;
}

TrainingTrial try_scenario(const Scenario& scenario, const Catalogue& catalogue, const TrialOptions& options) {
  TrainingTrial trial;
  trial.scenario = scenario;
  const auto tell = [&](const char* stage) {
    if (options.progress) options.progress(stage);
  };
  try {
    tell("judging its schedule");
    judge_schedule(trial, options);
    tell("training");
    judge_timed_run(trial, catalogue, options);
    const TrainingAgreement* parts[] = {&trial.schedule, trial.one_rank ? &*trial.one_rank : nullptr, &trial.timed};
    const char* names[] = {"schedule in f64: ", "against one rank: ", "timed run: "};
    for (int i = 0; i < 3; ++i)
      if (parts[i] && !parts[i]->agrees && trial.reason.empty()) trial.reason = names[i] + parts[i]->difference;
  } catch (const Error& error) {
    trial.reason = error.what();
  }
  trial.passed = trial.reason.empty();
  return trial;
}

}  // namespace lockstep
