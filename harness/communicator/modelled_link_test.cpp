// SPDX-License-Identifier: Apache-2.0
#include "harness/communicator/modelled_link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "harness/communicator/testing/recording_communicator.hpp"
#include "harness/data/error.hpp"

namespace lockstep {
namespace {

constexpr LinkModel kLink{.latency_seconds = 1, .seconds_per_byte = 0.001};

double seconds_of(Collective collective, std::int64_t count, int ranks) {
  Call call{.collective = collective, .dtype = DType::f32, .count = count};
  return modelled_seconds(call, ranks, kLink);
}

TEST(ModelledLink, FollowsTheFormulaOfTheRing) {
  EXPECT_DOUBLE_EQ(seconds_of(Collective::all_reduce, 1000, 4), 6 + 1.5 * 4);   // 6 steps, 6000 bytes
  EXPECT_DOUBLE_EQ(seconds_of(Collective::reduce_scatter, 1000, 4), 3 + 12.0);  // 3 parts of 4000 bytes
  EXPECT_DOUBLE_EQ(seconds_of(Collective::all_gather, 1000, 4), 3 + 12.0);
  EXPECT_DOUBLE_EQ(seconds_of(Collective::all_to_all, 1000, 4), 3 + 12.0);
  EXPECT_DOUBLE_EQ(seconds_of(Collective::broadcast, 1000, 4), 3 + 4.0);
  EXPECT_DOUBLE_EQ(seconds_of(Collective::send, 1000, 4), 1 + 4.0);
  EXPECT_DOUBLE_EQ(seconds_of(Collective::barrier, 0, 4), 2.0);
  EXPECT_DOUBLE_EQ(seconds_of(Collective::barrier, 0, 5), 3.0);
  EXPECT_DOUBLE_EQ(seconds_of(Collective::all_reduce, 1000, 1), 0.0);
  EXPECT_DOUBLE_EQ(seconds_of(Collective::broadcast, 1000, 1), 0.0);
  Call uneven{.collective = Collective::all_gather_uneven, .dtype = DType::f64, .count = 1};
  uneven.counts = {1, 100, 0};
  EXPECT_DOUBLE_EQ(modelled_seconds(uneven, 3, kLink), 2 * (1 + 0.8));
}

TEST(ModelledLink, SleepsOnTheCommunicationThread) {
  RecordingCommunicator inner(0, 2);
  ModelledLink link(inner, {.latency_seconds = 0.02, .seconds_per_byte = 0});
  std::vector<float> values(4);
  const auto start = std::chrono::steady_clock::now();
  Handle handle = link.start_all_reduce(buffer_of(values));
  EXPECT_FALSE(handle.done());
  handle.wait();
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(40));
  link.all_reduce(buffer_of(values));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(80));
  // Before each call the ranks agree on when the last of them made it.
  EXPECT_THAT(inner.numbers(), testing::ElementsAre(1, 1, 2, 2));
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A transport in which something happens before each call.
class InterruptedCommunicator : public RecordingCommunicator {
 public:
  explicit InterruptedCommunicator(std::function<void(const Call&)> before)
      : RecordingCommunicator(0, 2), before_(std::move(before)) {}
  void run(const Call& call) override {
    before_(call);
    RecordingCommunicator::run(call);
  }

 private:
  std::function<void(const Call&)> before_;
};

TEST(ModelledLink, TransfersDoNotWaitForTheThreadsThatServeThem) {
  // Its threads get a core late.
  InterruptedCommunicator inner([](const Call&) { std::this_thread::sleep_for(std::chrono::milliseconds(40)); });
  ModelledLink link(inner, {.latency_seconds = 0.05, .seconds_per_byte = 0});
  std::vector<float> values(4);
  const auto start = std::chrono::steady_clock::now();
  Handle first = link.start_all_reduce(buffer_of(values));
  Handle second = link.start_all_reduce(buffer_of(values));
  first.wait();
  second.wait();
  EXPECT_GE(seconds_since(start), 0.2);
  EXPECT_LT(seconds_since(start), 0.3);  // 0.36 if each transfer began after the real calls
}

TEST(ModelledLink, ATransferBeginsWhenTheLastRankHasMadeTheCall) {
  // The other rank makes its calls 30 ms after this one.
  static constexpr std::chrono::steady_clock::duration behind = std::chrono::milliseconds(30);
  InterruptedCommunicator inner([](const Call& call) {
    if (call.reduction == Reduction::max) *static_cast<std::int64_t*>(call.out) += behind.count();
  });
  ModelledLink link(inner, {.latency_seconds = 0.01, .seconds_per_byte = 0});
  std::vector<float> values(4);
  const auto start = std::chrono::steady_clock::now();
  link.all_reduce(buffer_of(values));
  EXPECT_GE(seconds_since(start), 0.05);
}

TEST(ModelledLink, ANegativeTimeIsAnError) {
  RecordingCommunicator inner(0, 2);
  EXPECT_THROW(ModelledLink(inner, {.latency_seconds = -1, .seconds_per_byte = 0}), Error);
}

}  // namespace
}  // namespace lockstep
