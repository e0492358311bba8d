// SPDX-License-Identifier: Apache-2.0
// Ranks that are slices on one thread train exactly as ranks that are threads do: what the study of SyncBatchNorm rests on.
#include "suites/training/sliced_training.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/data/error.hpp"
#include "suites/training/agreement.hpp"
#include "suites/training/testing/jobs.hpp"

namespace lockstep {
namespace {

TrainingJob job_of_ranks(int ranks, bool synchronised) {
  TrainingJob job = testing::job_for("image_conv_net", DType::f64, 8, 3);
  job.plan.mode = "distributed_data_parallel";
  job.plan.ranks = ranks;
  job.plan.sync_batch_norm = synchronised;
  job.plan.optimizer = {.kind = "sgd", .lr = 0.05, .momentum = 0.9};
  job.plan.arrival_limit_seconds = 60;
  return job;
}

/// Gradients, parameters and running statistics of every step on rank 0.
TrainingAgreement against_threads(const TrainingJob& job, int slices) {
  TrainingRecord threads = train(job);
  const TrainingRecord sliced = train_in_slices(job, slices);
  threads.ranks.resize(1);
  // Ranks report the mean loss of their own rows; slices that of all rows.
  threads.ranks[0].losses = sliced.ranks[0].losses;
  threads.ranks[0].evaluation_loss = sliced.ranks[0].evaluation_loss;
  return compare_training(threads, sliced, job.plan, {});
}

TEST(SlicedTraining, LocalStatisticsAreThoseOfRanksThatAreThreads) {
  for (const int ranks : {2, 4}) {
    const TrainingAgreement agreement = against_threads(job_of_ranks(ranks, false), ranks);
    EXPECT_TRUE(agreement.agrees) << ranks << " ranks: " << agreement.difference;
  }
}

TEST(SlicedTraining, OneSliceIsSyncBatchNormOverAllRanks) {
  const TrainingAgreement agreement = against_threads(job_of_ranks(4, true), 1);
  EXPECT_TRUE(agreement.agrees) << agreement.difference;
}

TEST(SlicedTraining, OtherSlicesAreAnotherTraining) {
  EXPECT_FALSE(against_threads(job_of_ranks(4, false), 1).agrees);
  EXPECT_FALSE(against_threads(job_of_ranks(4, false), 2).agrees);
  EXPECT_FALSE(against_threads(job_of_ranks(4, true), 4).agrees);
}

TEST(SlicedTraining, RunningStatisticsAreThoseOfTheFirstSlice) {
  const TrainingJob job = job_of_ranks(4, false);
  TrainingJob accumulated = job;
  accumulated.plan.mode = "gradient_accumulation";
  accumulated.plan.ranks = 1;
  accumulated.plan.micro_batches = 4;
  const TrainingAgreement agreement =
      compare_training(train_in_slices(job, 4), train(accumulated), accumulated.plan, {});
  EXPECT_LE(agreement.worst_gradient, 1.0);
  EXPECT_LE(agreement.worst_parameter, 1.0);
  EXPECT_GT(agreement.worst_buffer, 1.0) << "gradient accumulation lets every micro-batch move them";
}

TEST(SlicedTraining, RefusesUnequalSlices) {
  try {
    train_in_slices(job_of_ranks(1, false), 3);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "a batch of 8 rows in 3 slices; accepted: a multiple");
  }
}

}  // namespace
}  // namespace lockstep
