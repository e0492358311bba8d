// SPDX-License-Identifier: Apache-2.0
// A rank that fails ends the run on every rank, within its time limit, with an error that says who, when and in what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "harness/communicator/planted_faults.hpp"
#include "harness/data/error.hpp"
#include "suites/training/agreement.hpp"
#include "suites/training/expectation.hpp"
#include "suites/training/testing/jobs.hpp"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr double kArrivalLimitSeconds = 2;

TrainingJob job_with(PlantedFault fault, int ranks = 2) {
  TrainingJob job = testing::job_for("mlp", DType::f64, 8, 3);
  job.plan.mode = "distributed_data_parallel";
  job.plan.ranks = ranks;
  job.plan.first_bucket_bytes = 64;
  job.plan.bucket_bytes = 256;
  job.plan.arrival_limit_seconds = kArrivalLimitSeconds;
  job.wrap_communicator = [fault](Communicator& inner) -> std::unique_ptr<Communicator> {
    return std::make_unique<PlantedFaults>(inner, std::vector{fault});
  };
  return job;
}

std::string ending_of(const TrainingJob& job) {
  const auto start = std::chrono::steady_clock::now();
  const std::string message = testing::message_of(job);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_LT(seconds, 5 * kArrivalLimitSeconds);
  EXPECT_EQ(message.find('\n'), std::string::npos);
  return message;
}

// The reductions of a step are as many as its buckets; the seventh is in the second step.
TEST(Failures, ARankThatDiesIsNamedWithStepAndCollective) {
  EXPECT_THAT(ending_of(job_with({.fault = CommunicationFault::die, .nth = 7, .rank = 1})),
              AllOf(HasSubstr("rank 1"), HasSubstr("all_reduce"), HasSubstr("step")));
}

TEST(Failures, ARankThatHangsIsNamed) {
  EXPECT_THAT(
      ending_of(job_with(
          {.fault = CommunicationFault::delay, .nth = 7, .rank = 1, .delay_seconds = 2 * kArrivalLimitSeconds})),
      AllOf(HasSubstr("rank 1"), HasSubstr("all_reduce"), HasSubstr("step")));
}

TEST(Failures, AWrongSizeIsNamed) {
  EXPECT_THAT(ending_of(job_with({.fault = CommunicationFault::wrong_count, .nth = 7, .rank = 1})),
              AllOf(HasSubstr("rank 1"), HasSubstr("all_reduce"), HasSubstr("step")));
}

TEST(Failures, ACallLeftOutOnOneRankIsNoticed) {
  for (const CommunicationFault fault : {CommunicationFault::drop, CommunicationFault::repeat}) {
    const std::string ending = ending_of(job_with({.fault = fault, .nth = 7, .rank = 1}));
    EXPECT_THAT(ending, AllOf(HasSubstr("rank"), HasSubstr("all_reduce"))) << name_of(fault);
  }
}

// Where every rank goes wrong in the same way, only the numbers can tell.
TEST(Failures, ACallLeftOutEverywhereShowsInTheNumbers) {
  for (const CommunicationFault fault :
       {CommunicationFault::drop, CommunicationFault::repeat, CommunicationFault::wrong_element}) {
    const TrainingJob job = job_with({.fault = fault, .nth = 7});
    const TrainingRecord got = train(job);
    const double relative = fault == CommunicationFault::wrong_element ? 0.0 : 1e-9;
    const TrainingAgreement agreement =
        compare_training(got, expected_training(job), job.plan, {.relative = relative, .absolute = {}});
    EXPECT_FALSE(agreement.agrees) << name_of(fault);
  }
}

}  // namespace
}  // namespace lockstep
