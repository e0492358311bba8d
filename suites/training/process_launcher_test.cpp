// SPDX-License-Identifier: Apache-2.0
// Threads stand in for processes: each has its own record, and hears of the others by its communicator alone.
#include "suites/training/process_launcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "harness/data/error.hpp"
#include "kernels/communicator/staging/staging_communicator.hpp"
#include "kernels/communicator/threads/run_ranks.hpp"
#include "suites/training/modes/modes.hpp"
#include "suites/training/record_gathering.hpp"
#include "suites/training/trial.hpp"

namespace lockstep {
namespace {

using testing::HasSubstr;

/// Sends that end together with their receives, as NCCL's do.
class Rendezvous {
 public:
  void received(int from, int to) {
    const std::lock_guard lock(mutex_);
    ++received_[{from, to}];
    changed_.notify_all();
  }
  void wait_until_received(int from, int to, std::int64_t number) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(60), [&] { return received_[{from, to}] >= number; }))
      throw Error("rank " + std::to_string(from) + " sends to rank " + std::to_string(to) + ", which does not receive");
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<int, int>, std::int64_t> received_;
};

class SynchronousSends : public Communicator {
 public:
  SynchronousSends(Communicator& inner, Rendezvous& meeting) : inner_(inner), meeting_(meeting) {}
  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::string name() const override { return "synchronous+" + inner_.name(); }
  void run(const Call& call) override {
    inner_.run(call);
    if (call.collective == Collective::receive) meeting_.received(call.peer, rank());
    if (call.collective == Collective::send) meeting_.wait_until_received(rank(), call.peer, call.number);
  }
  Handle start(const Call& call) override { return inner_.start(call); }

 private:
  Communicator& inner_;
  Rendezvous& meeting_;
};

/// As a process with a device of its own.
class ThreadAsProcess : public ProcessRank {
 public:
  ThreadAsProcess(Communicator& transport, Rendezvous& meeting)
      : transport_(transport), synchronous_(transport, meeting), staged_(synchronous_, *device_) {}
  std::string transport() const override { return "as_processes"; }
  std::string remark() const override { return ""; }
  Communicator& communicator() override { return staged_; }
  std::vector<std::string> exchange(const std::string& mine, double) override {
    std::vector<std::uint8_t> own(200), all(200 * static_cast<std::size_t>(transport_.size()));
    std::copy(mine.begin(), mine.end(), own.begin());
    transport_.all_gather(buffer_of(own), buffer_of(all));
    std::vector<std::string> texts;
    for (std::size_t at = 0; at < all.size(); at += 200)
      texts.emplace_back(reinterpret_cast<const char*>(all.data() + at));
    return texts;
  }

 private:
  Communicator& transport_;
  std::unique_ptr<Device> device_ = make_host_device(DeviceKind::emulated);
  SynchronousSends synchronous_;
  StagingCommunicator staged_;
};

/// What rank 0 makes of a scenario while the others follow.
TrainingTrial try_as_processes(const Scenario& scenario) {
  TrainingTrial trial;
  Rendezvous meeting;
  run_ranks(scenario.plan.ranks, [&](Communicator& transport) {
    ThreadAsProcess process(transport, meeting);
    ProcessLauncher launcher(process);
    TrialOptions options;
    options.fast = false;
    options.launcher = &launcher;
    const Catalogue nothing({});
    if (launcher.rank() == 0)
      trial = try_scenario(scenario, nothing, options);
    else
      follow_scenario(scenario, nothing, options);
  });
  return trial;
}

void expect_same(const ModuleState& got, const ModuleState& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (const auto& [name, values] : expected)
    for (std::int64_t i = 0; i < values.count(); ++i) ASSERT_EQ(got.at(name)[i], values[i]) << name;
}

void expect_same(const TrainingRecord& got, const TrainingRecord& expected) {
  ASSERT_EQ(got.ranks.size(), expected.ranks.size());
  for (std::size_t rank = 0; rank < expected.ranks.size(); ++rank) {
    const RankRecord &is = got.ranks[rank], &should = expected.ranks[rank];
    EXPECT_EQ(is.losses, should.losses);
    EXPECT_EQ(is.gradient_norms, should.gradient_norms);
    EXPECT_EQ(is.parameter_hashes, should.parameter_hashes);
    EXPECT_EQ(is.buckets, should.buckets);
    EXPECT_EQ(is.tensor_bytes, should.tensor_bytes);
    EXPECT_EQ(is.collective_calls, should.collective_calls);
    EXPECT_EQ(is.collective_bytes, should.collective_bytes);
    ASSERT_EQ(is.timelines.size(), should.timelines.size());
    for (const StepTimeline& step : is.timelines) {
      EXPECT_GE(step.begin, 0.0);
      EXPECT_GT(step.end, step.begin);
      EXPECT_FALSE(step.spans.empty());
    }
    expect_same(is.parameters, should.parameters);
    expect_same(is.buffers, should.buffers);
  }
  ASSERT_EQ(got.history.size(), expected.history.size());
  for (std::size_t step = 0; step < expected.history.size(); ++step) {
    expect_same(got.history[step].before.optimizer, expected.history[step].before.optimizer);
    expect_same(got.history[step].gradients, expected.history[step].gradients);
    expect_same(got.history[step].parameters, expected.history[step].parameters);
  }
  expect_same(got.state.model, expected.state.model);
  expect_same(got.state.optimizer, expected.state.optimizer);
  EXPECT_EQ(got.state.step, expected.state.step);
}

Scenario scenario_of(const std::string& mode, const std::string& model, int ranks) {
  Scenario scenario{.plan = {}, .model = model, .rows = 8, .steps = 2, .seed = 3};
  scenario.plan.mode = mode;
  scenario.plan.ranks = ranks;
  scenario.plan.optimizer = {.lr = 0.05, .momentum = 0.9};
  return scenario;
}

void expect_equal_to_threads(const Scenario& scenario) {
  const TrainingTrial got = try_as_processes(scenario);
  EXPECT_TRUE(got.passed) << scenario.id() << ": " << got.reason;
  EXPECT_EQ(got.transport, "as_processes");
  TrialOptions options;
  options.fast = false;
  const TrainingTrial expected = try_scenario(scenario, Catalogue({}), options);
  EXPECT_EQ(expected.transport, "threads");
  EXPECT_EQ(got.timed.worst(), expected.timed.worst());
  EXPECT_EQ(got.schedule.numbers_compared, expected.schedule.numbers_compared);
  expect_same(got.record, expected.record);
}

TEST(ProcessLauncher, DistributedDataParallelIsJudgedAsOverThreads) {
  expect_equal_to_threads(scenario_of("distributed_data_parallel", "mlp", 3));
  Scenario synchronised = scenario_of("distributed_data_parallel", "conv", 2);
  synchronised.plan.sync_batch_norm = true;
  synchronised.plan.micro_batches = 2;
  synchronised.plan.bucket_bytes = 256;
  expect_equal_to_threads(synchronised);
}

TEST(ProcessLauncher, DataParallelNeedsNoSendThatEndsBeforeItsReceive) {
  expect_equal_to_threads(scenario_of("data_parallel", "mlp", 2));
  Scenario elsewhere = scenario_of("data_parallel", "conv", 3);
  // The rank with history and state is not rank 0, and the loss is on a third.
  elsewhere.plan.device_ids = {2, 0};
  elsewhere.plan.output_device = 1;
  expect_equal_to_threads(elsewhere);
}

TEST(ProcessLauncher, ADifferenceIsStillFound) {
  Scenario faulty = scenario_of("distributed_data_parallel", "mlp", 2);
  faulty.plan.fault = TrainingFault::other_initial_parameters;
  const TrainingTrial trial = try_as_processes(faulty);
  EXPECT_FALSE(trial.passed);
  EXPECT_THAT(trial.reason, HasSubstr("ranks hold different parameters after step 0"));
}

/// What each rank's launcher says to what it is asked.
std::vector<std::string> failures_of_launchers(int size, const std::function<void(ProcessLauncher&)>& body) {
  Rendezvous meeting;
  return failures_of_ranks(size, [&](Communicator& transport) {
    ThreadAsProcess process(transport, meeting);
    ProcessLauncher launcher(process);
    body(launcher);
  });
}

TEST(ProcessLauncher, RanksAgreeOnGoingOnAndOnTheStatus) {
  const auto failures = failures_of_launchers(3, [](ProcessLauncher& launcher) {
    EXPECT_TRUE(launcher.all_go_on("one", true));
    EXPECT_FALSE(launcher.all_go_on("two", launcher.rank() != 1));
    EXPECT_EQ(launcher.status_of_rank_0(launcher.rank() + 130), 130);
  });
  EXPECT_THAT(failures, testing::Each(""));
}

TEST(ProcessLauncher, RanksAtDifferentPlacesAreAnErrorForAll) {
  const auto failures = failures_of_launchers(
      2, [](ProcessLauncher& launcher) { launcher.all_go_on(launcher.rank() == 0 ? "here" : "there", true); });
  EXPECT_THAT(failures, testing::Each(HasSubstr("rank 0 at here, rank 1 at there")));
}

TEST(ProcessLauncher, BehindAnErrorNothingIsTrained) {
  const auto failures = failures_of_launchers(2, [](ProcessLauncher& launcher) {
    TrainingRecord record;
    record.ranks.resize(2);
    TrainingPlan plan = scenario_of("distributed_data_parallel", "mlp", 3).plan;
    EXPECT_THROW(launcher.run(
                     plan, [](Communicator&) { FAIL(); }, record),
                 Error);
    plan.ranks = 2;
    launcher.run(
        plan, [](Communicator&) { FAIL(); }, record);
  });
  EXPECT_THAT(failures, testing::Each(HasSubstr("parted before: a training of 3 ranks; launched were 2")));
}

}  // namespace
}  // namespace lockstep
