// SPDX-License-Identifier: Apache-2.0
#include "suites/scaling/timed_training.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <thread>

#include "kernels/communicator/threads/run_ranks.hpp"
#include "suites/scaling/stubbed_communication.hpp"
#include "suites/training/gradient_reducer.hpp"
#include "suites/training/message.hpp"
#include "suites/training/modes/modes.hpp"
#include "suites/training/step_clock.hpp"
#include "suites/training/trial.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kMostOfFirstBucket = std::int64_t{1} << 20;

double slowest(const TrainingRecord& record, std::size_t step, const auto& seconds) {
  double most = 0;
  for (const RankRecord& rank : record.ranks) most = std::max(most, seconds(rank.timelines.at(step)));
  return most;
}

/// Seconds of each repetition of `call`, which all ranks make together; the first is not counted.
double median_seconds(Communicator& meeting, const StepClock& clock, std::int64_t repetitions, const auto& call) {
  std::vector<double> samples;
  for (std::int64_t i = 0; i <= repetitions; ++i) {
    meeting.barrier();
    const double begin = clock.now();
    call();
    if (i > 0) samples.push_back(clock.now() - begin);
  }
  return median_of(samples);
}

}  // namespace

bool is_oversubscribed(int ranks) { return ranks > static_cast<int>(std::thread::hardware_concurrency()); }

Scenario TimedTraining::scenario() const {
  Scenario scenario{.plan = {}, .model = model, .rows = rows, .steps = steps + 1, .seed = seed};
  scenario.plan.mode = mode;
  scenario.plan.ranks = ranks;
  // Small steps: training that diverges would be timed on numbers that no training has.
  scenario.plan.optimizer = {.kind = "sgd", .lr = 1e-3, .momentum = 0.9};
  scenario.plan.broadcast_buffers = broadcast_buffers;
  if (bucket_bytes > 0) {
    scenario.plan.bucket_bytes = bucket_bytes;
    scenario.plan.first_bucket_bytes = std::min(bucket_bytes, kMostOfFirstBucket);
  }
  return scenario;
}

std::string TimedTraining::name() const {
  std::string name = mode + " " + model + ", " + std::to_string(ranks) + (ranks == 1 ? " rank, " : " ranks, ") +
                     std::to_string(rows) + " rows";
  if (bucket_bytes > 0) name += ", buckets of " + std::to_string(bucket_bytes) + " bytes";
  return name;
}

TrainingRecord train_timed(const TimedTraining& training, const Catalogue& catalogue) {
  TrialOptions options;
  options.wrap_communicator = training.wrap_communicator;
  TrainingJob job = job_of(training.scenario(), DType::f32, &catalogue, options);
  job.keeps_history = false;
  job.steps = training.steps + 1;
  job.batch = [batch = job.batch(0)](std::int64_t) { return batch; };
  TrainingRecord record = train(job);
  record.state = {};
  for (RankRecord& rank : record.ranks) rank.parameters = rank.buffers = {};
  return record;
}

StepSample sample_of(const TrainingRecord& record) {
  std::vector<double> steps, backwards;
  for (std::size_t step = 1; step < record.ranks.at(0).timelines.size(); ++step) {
    steps.push_back(slowest(record, step, [](const StepTimeline& of_rank) { return of_rank.end - of_rank.begin; }));
    backwards.push_back(
        slowest(record, step, [](const StepTimeline& of_rank) { return seconds_of(of_rank, Phase::backward); }));
  }
  return {median_of(steps), median_of(backwards)};
}

StepSample sample_without_communication(TimedTraining training, const Catalogue& catalogue) {
  training.wrap_communicator = [](Communicator& inner) { return std::make_unique<StubbedCommunication>(inner); };
  return sample_of(train_timed(training, catalogue));
}

StepSample sample_of_communication(const TimedTraining& training) {
  const TrainingJob job = job_of(training.scenario(), DType::f32, nullptr, {});
  std::vector<double> seconds(static_cast<std::size_t>(training.ranks));
  run_ranks(training.ranks, [&](Communicator& transport) {
    const std::unique_ptr<Communicator> wrapped =
        training.wrap_communicator ? training.wrap_communicator(transport) : nullptr;
    Communicator& communicator = wrapped ? *wrapped : transport;
    StubbedCommunication stubbed(communicator);
    const std::unique_ptr<Executor> executor = job.make_executor();
    Autograd autograd(*executor);
    const std::unique_ptr<Model> model = job.make_model();
    StepClock clock;
    std::vector<Values> buffers;
    if (job.plan.broadcast_buffers)
      for (const NamedVariable& buffer : model->buffers()) buffers.push_back(buffer.variable.value());
    const auto timed = [&](Communicator& ranks) {
      GradientReducer reducer(ranks, autograd, model->parameters(), job.plan, clock);
      ranks.set_step(0);
      return median_seconds(communicator, clock, training.steps, [&] {
        for (Values& buffer : buffers) ranks.broadcast(message_of(buffer), 0);
        reducer.shadow();
      });
    };
    const double zeros = timed(stubbed);
    seconds[static_cast<std::size_t>(communicator.rank())] = timed(communicator) - zeros;
  });
  return {std::max(0.0, *std::max_element(seconds.begin(), seconds.end())), 0};
}

StepSample sample_side_by_side(const TimedTraining& training, const Catalogue& catalogue) {
  TimedTraining alone = training;
  alone.mode = "single";
  alone.ranks = 1;
  alone.rows = training.rows / training.ranks;
  alone.bucket_bytes = 0;
  std::vector<StepSample> samples(static_cast<std::size_t>(training.ranks));
  run_ranks(training.ranks, [&](Communicator& meeting) {
    meeting.barrier();
    samples[static_cast<std::size_t>(meeting.rank())] = sample_of(train_timed(alone, catalogue));
  });
  return *std::max_element(samples.begin(), samples.end(),
                           [](const StepSample& a, const StepSample& b) { return a.step_seconds < b.step_seconds; });
}

std::vector<std::int64_t> bucket_sizes(const TimedTraining& training) {
  // Buckets follow the order in which gradients arrive, which a step tells.
  TimedTraining once = training;
  once.rows = 2 * training.ranks;
  TrainingJob job = job_of(once.scenario(), DType::f32, nullptr, {});
  job.keeps_history = false;
  job.steps = 1;
  std::map<std::string, std::int64_t> sizes;
  for (const NamedVariable& parameter : job.make_model()->parameters())
    sizes[parameter.name] = parameter.variable.count() * static_cast<std::int64_t>(sizeof(float));
  std::vector<std::int64_t> bytes;
  const TrainingRecord record = train(job);
  for (const std::vector<std::string>& bucket : record.ranks[0].buckets) {
    bytes.push_back(0);
    for (const std::string& name : bucket) bytes.back() += sizes.at(name);
  }
  return bytes;
}

}  // namespace lockstep
