// SPDX-License-Identifier: Apache-2.0
#include "suites/training/batch_norm_tax.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "harness/data/error.hpp"
#include "kernels/communicator/threads/run_ranks.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {
namespace {

using ::testing::ElementsAre;

TEST(BatchNormTax, CountsTheCollectivesOfTheNorms) {
  const BatchNormTaxPlan plan{.ranks = {2, 3}, .images_per_rank = {1, 2}, .rounds = 1, .steps = 3};
  const std::vector<reports::SyncBatchNormTax> taxes = measure_batch_norm_tax(plan, catalogue(), [] { return false; });
  ASSERT_EQ(taxes.size(), 4u);
  for (const reports::SyncBatchNormTax& tax : taxes) {
    // Two norms of 8 and 16 channels: forward all_gather of mean, M2 and a count in two parts, from every rank; backward
    // all_reduce of two sums.
    EXPECT_EQ(tax.collectives, 4);
    EXPECT_EQ(tax.bytes, tax.ranks * (2 * 8 + 2 + 2 * 16 + 2) * 4 + (2 * 8 + 2 * 16) * 4);
    ASSERT_EQ(tax.parts.size(), 5u);
    EXPECT_GT(tax.parts[0].seconds, 0.0) << "latency";
    EXPECT_GE(tax.parts[2].seconds, 0.0) << "waiting";
    double sum = tax.residual_seconds;
    for (const reports::SyncBatchNormTaxPart& part : tax.parts) sum += part.seconds;
    EXPECT_NEAR(sum, tax.measured_seconds, 1e-12);
  }
  EXPECT_EQ(taxes[1].images_per_rank, 2);
  EXPECT_EQ(taxes[2].ranks, 3);
}

TEST(BatchNormTax, PartsAndResidualAreTheDifference) {
  const reports::SyncBatchNormTax tax =
      tax_of({.step = 10, .computation = 6, .collectives = 3, .elsewhere = 1, .waiting = 2},
             {.step = 7, .computation = 5, .elsewhere = 1.5}, 0.25, 0.5);
  std::vector<double> parts;
  for (const reports::SyncBatchNormTaxPart& part : tax.parts) parts.push_back(part.seconds);
  EXPECT_THAT(parts, ElementsAre(0.25, 0.5, 2, 1, -0.5));
  EXPECT_DOUBLE_EQ(tax.measured_seconds, 3);
  EXPECT_DOUBLE_EQ(tax.predicted_seconds, 3.25);
  EXPECT_DOUBLE_EQ(tax.residual_seconds, -0.25);
}

TEST(BatchNormTax, StopsWhenAsked) {
  EXPECT_TRUE(measure_batch_norm_tax({.rounds = 1, .steps = 2}, catalogue(), [] { return true; }).empty());
}

TEST(CallTimes, WaitingIsForTheLastRankToCome) {
  const auto at = [](std::int64_t step, double arrived, double returned) {
    return CallTime{Collective::all_reduce, 64, step, arrived, returned};
  };
  const std::vector<std::vector<CallTime>> ranks{{at(0, 1, 4), at(0, 5, 6), at(1, 8, 9)},
                                                 {at(0, 3, 4), at(0, 4.5, 6), at(1, 8.5, 9)}};
  EXPECT_THAT(waiting_by_step(ranks, 0), ElementsAre(2, 0.5));
  EXPECT_THAT(waiting_by_step(ranks, 1), ElementsAre(0.5, 0));
  EXPECT_THROW(waiting_by_step({{at(0, 1, 2)}, {}}, 0), Error);
  EXPECT_THROW(waiting_by_step({{at(0, 1, 2)}, {at(1, 1, 2)}}, 0), Error);
}

TEST(CallTimes, ARankThatComesLateIsSeen) {
  std::vector<std::vector<CallTime>> times(2);
  run_ranks(2, [&](Communicator& transport) {
    CallTimes timed(transport, "norm", times[static_cast<std::size_t>(transport.rank())]);
    std::vector<float> values(4, 1.0f);
    timed.set_step(0);
    timed.set_label("other");
    timed.all_reduce(buffer_of(values));
    timed.set_label("norm 1");
    if (timed.rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(30));
    timed.all_reduce(buffer_of(values));
    EXPECT_EQ(values[0], 4.0f);
  });
  ASSERT_EQ(times[0].size(), 1u);
  EXPECT_EQ(times[0][0].payload_bytes, 16);
  EXPECT_GT(waiting_by_step(times, 0).at(0), 0.02);
  EXPECT_EQ(waiting_by_step(times, 1).at(0), 0.0);
}

}  // namespace
}  // namespace lockstep
