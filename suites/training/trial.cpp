// SPDX-License-Identifier: Apache-2.0
#include "suites/training/trial.hpp"

#include <limits>

#include "harness/data/error.hpp"
#include "suites/training/catalogue_executor.hpp"
#include "suites/training/expectation.hpp"
#include "suites/training/modes/modes.hpp"
#include "suites/training/perturbed_executor.hpp"

namespace lockstep {
namespace {

bool is_exact(const Scenario& scenario) { return scenario.model == "exact"; }

TrainingJob schedule_job(const Scenario& scenario, const TrialOptions& options) {
  TrainingJob job = job_of(scenario, DType::f64, nullptr, options);
  // Lower precision is the executor's matter, and in double there is none.
  job.plan.autocast.reset();
  return job;
}

TrainingJob timed_job(const Scenario& scenario, const Catalogue& catalogue, const TrialOptions& options) {
  TrainingJob job = job_of(scenario, scenario.dtype, options.fast ? &catalogue : nullptr, options);
  job.take_state = options.take_state;
  job.steps_between_states = options.steps_between_states;
  return job;
}

void judge_schedule(TrainingTrial& trial, const TrialOptions& options) {
  const Scenario& scenario = trial.scenario;
  const TrainingJob job = schedule_job(scenario, options);
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

/// One step of a record alone, as if the run had been just that.
TrainingRecord only_step(const TrainingRecord& record, std::size_t step) {
  TrainingRecord one;
  one.history.push_back(record.history[step]);
  for (const RankRecord& rank : record.ranks) {
    RankRecord& part = one.ranks.emplace_back();
    part.losses.push_back(rank.losses[step]);
    if (step < rank.parameter_hashes.size()) part.parameter_hashes.push_back(rank.parameter_hashes[step]);
  }
  return one;
}

/// Every step on its own, from where the run stood: over several steps rounding sends a relu or a maximum the other way,
/// and two correct runs part for good.
void judge_timed_run(TrainingTrial& trial, const Catalogue& catalogue, const TrialOptions& options) {
  const Scenario& scenario = trial.scenario;
  const TrainingJob job = timed_job(scenario, catalogue, options);
  trial.executor = options.fast ? "oneDNN, formulas where it has no operator" : "formulas";
  trial.record = train(job);
  const DType narrower = scenario.plan.autocast.value_or(scenario.dtype);
  trial.tolerance = is_exact(scenario) ? "bit for bit: every sum of the first step is exact"
                    : narrower == DType::f64
                        ? "1e-9 of the largest number of each tensor"
                        : "each step from where the run stood: 16 times the spread of runs in double "
                          "with the derived errors of " +
                              std::string(name_of(narrower));
  trial.timed.agrees = trial.timed.is_bit_identical = true;
  for (std::size_t step = 0; step < trial.record.history.size(); ++step) {
    TrainingJob exact = schedule_job(scenario, options);
    exact.start = trial.record.history[step].before;
    exact.steps = exact.start->step + 1;
    TrainingRecord expected = expected_training(exact);
    const bool rounds = !is_exact(scenario) && narrower != DType::f64;
    const auto tolerance = [&, exactly = expected](int runs) {
      return rounds ? tolerance_of(exact, exactly, narrower, runs)
                    : TrainingTolerance{.relative = is_exact(scenario) ? 0.0 : 1e-9, .absolute = {}};
    };
    // A step's rows of other ranks' buffers and the evaluation at the end belong to the whole run.
    for (RankRecord& rank : expected.ranks) {
      rank.buffers.clear();
      rank.evaluation_loss = std::numeric_limits<double>::quiet_NaN();
    }
    const TrainingRecord got = only_step(trial.record, step);
    TrainingAgreement agreement = compare_training(got, expected, job.plan, tolerance(kPerturbedRuns));
    if (rounds && !agreement.agrees)
      agreement = compare_training(got, expected, job.plan, tolerance(kPerturbedRunsInDoubt));
    trial.timed.merge(agreement);
  }
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
  job.launcher = options.launcher;
  job.start = options.start;
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
    if (is_floating(batch.x.dtype())) batch.x = batch.x.rounded_to(dtype);
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
  if (options.launcher && !scenario.trains_alone())
    trial.transport = options.launcher->transport();
  else if (scenario.plan.ranks > 1)
    trial.transport = "threads";
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

void follow_scenario(const Scenario& scenario, const Catalogue& catalogue, const TrialOptions& options) {
  train(schedule_job(scenario, options));
  train(timed_job(scenario, catalogue, options));
}

}  // namespace lockstep
