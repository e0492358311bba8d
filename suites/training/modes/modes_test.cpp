// SPDX-License-Identifier: Apache-2.0
#include "suites/training/modes/modes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/data/random.hpp"
#include "suites/training/agreement.hpp"
#include "suites/training/expectation.hpp"
#include "suites/training/perturbed_executor.hpp"
#include "suites/training/testing/jobs.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using testing::job_for;
using testing::message_of;

TrainingJob distributed(const std::string& model, int ranks, DType dtype = DType::f64, std::int64_t rows = 8,
                        std::int64_t steps = 3) {
  TrainingJob job = job_for(model, dtype, rows, steps);
  job.plan.mode = "distributed_data_parallel";
  job.plan.ranks = ranks;
  job.plan.first_bucket_bytes = 100;
  job.plan.bucket_bytes = 400;
  return job;
}

void expect_agreement(const TrainingJob& job) {
  const TrainingAgreement agreement = compare_training(train(job), expected_training(job), job.plan, {});
  EXPECT_TRUE(agreement.agrees) << agreement.difference;
  EXPECT_GT(agreement.numbers_compared, 0);
  EXPECT_EQ(agreement.diverged_at_step, -1);
}

std::size_t hash_of_state(const ModuleState& state) {
  std::size_t hash = 0;
  for (const auto& [name, values] : state)
    hash = hash * 31 + hash_bytes(values.doubles(), static_cast<std::size_t>(values.count()) * sizeof(double));
  return hash;
}

TEST(Modes, DistributedDataParallelGivesTheMeanOfTheRanksMeans) {
  for (const char* model : {"mlp", "conv", "tfm", "image_conv_net"})
    for (const int ranks : {1, 2, 4}) {
      SCOPED_TRACE(std::string(model) + " on " + std::to_string(ranks));
      expect_agreement(distributed(model, ranks));
    }
}

TEST(Modes, UnevenRowsAccumulationClippingAndAdam) {
  TrainingJob job = distributed("conv", 3);
  job.plan.rows = {{0, 1}, {1, 5}, {5, 8}};
  expect_agreement(job);
  job = distributed("conv", 2);
  job.plan.micro_batches = 2;
  expect_agreement(job);
  job = distributed("mlp", 2);
  job.plan.clipping = ClippingPlan{.max = 0.05};
  expect_agreement(job);
  job.plan.clipping = ClippingPlan{.kind = ClippingPlan::Kind::value, .max = 0.01};
  expect_agreement(job);
  job = distributed("mlp", 4);
  job.plan.optimizer = {.kind = "adam", .lr = 0.01, .weight_decay = 0.1, .amsgrad = true};
  expect_agreement(job);
}

TEST(Modes, SynchronisedBatchNormEqualsOneRankOnTheWholeBatch) {
  for (const int ranks : {1, 2, 4, 8}) {
    TrainingJob job = distributed("conv", ranks);
    job.plan.sync_batch_norm = true;
    expect_agreement(job);
    TrainingRecord got = train(job);
    TrainingJob alone = job_for("conv", DType::f64, 8, 3);
    const TrainingRecord one = train(alone);
    got.ranks.resize(1);
    got.ranks[0].losses = one.ranks[0].losses;
    got.ranks[0].evaluation_loss = one.ranks[0].evaluation_loss;
    const TrainingAgreement agreement = compare_training(got, one, alone.plan, {});
    EXPECT_TRUE(agreement.agrees) << ranks << " ranks: " << agreement.difference;
  }
  TrainingJob uneven = distributed("conv", 2);
  uneven.plan.sync_batch_norm = true;
  uneven.plan.rows = {{0, 5}, {5, 8}};
  expect_agreement(uneven);
}

TEST(Modes, DataParallelTakesOneLossOverTheGatheredOutputs) {
  for (const char* model : {"mlp", "conv", "tfm"})
    for (const int replicas : {1, 2, 3, 5}) {
      SCOPED_TRACE(std::string(model) + " on " + std::to_string(replicas));
      TrainingJob job = distributed(model, replicas);
      job.plan.mode = "data_parallel";
      expect_agreement(job);
    }
}

TEST(Modes, AccumulationWeighsByRowsOrEqually) {
  TrainingJob job = job_for("conv", DType::f64, 8, 3);
  job.plan.mode = "gradient_accumulation";
  job.plan.micro_batches = 3;
  expect_agreement(job);
  job.plan.weighs_micro_batches_equally = true;
  expect_agreement(job);
}

TEST(Modes, UnusedParametersAreFoundOrNamed) {
  TrainingJob job = distributed("gated", 2, DType::f64, 8, 6);
  EXPECT_THAT(message_of(job), HasSubstr("no gradient for the parameters expert"));
  job.plan.find_unused_parameters = true;
  expect_agreement(job);
}

TEST(Modes, RanksThatRunOutOfBatchesJoin) {
  for (const std::vector<std::int64_t>& steps : {std::vector<std::int64_t>{4, 2, 3}, {1, 4, 4}, {0, 2, 1}})
    for (const bool joined_ranks_count : {true, false}) {
      TrainingJob job = distributed("conv", 3, DType::f64, 9, 4);
      job.plan.steps_by_rank = steps;
      job.plan.joined_ranks_count = joined_ranks_count;
      expect_agreement(job);
      const TrainingRecord record = train(job);
      for (const RankRecord& rank : record.ranks) {
        EXPECT_EQ(hash_of_state(rank.parameters), hash_of_state(record.ranks[0].parameters));
        EXPECT_EQ(hash_of_state(rank.buffers), hash_of_state(record.ranks[0].buffers));
      }
      for (std::size_t rank = 0; rank < 3; ++rank)
        EXPECT_EQ(static_cast<std::int64_t>(record.ranks[rank].losses.size()), steps[rank]);
    }
  TrainingJob job = distributed("conv", 2);
  job.plan.steps_by_rank = {3};
  EXPECT_THAT(message_of(job), HasSubstr("steps are given for 1 ranks of 2"));
  job.plan.steps_by_rank = {3, 2};
  job.plan.sync_batch_norm = true;
  EXPECT_THAT(message_of(job), HasSubstr("accepted: as many batches on every rank"));
}

TEST(Modes, OneExactStepIsBitIdenticalWhateverTheRanksAndBuckets) {
  TrainingJob alone = job_for("exact", DType::f32, 64, 1);
  alone.plan.optimizer = {.kind = "sgd", .lr = 0.03125};
  const TrainingRecord one = train(alone);
  const auto expect_same_bits = [&](const TrainingJob& job, const std::string& what) {
    TrainingRecord got = train(job);
    got.ranks.resize(1);
    got.ranks[0].losses = one.ranks[0].losses;
    got.ranks[0].evaluation_loss = one.ranks[0].evaluation_loss;
    const TrainingAgreement agreement = compare_training(got, one, alone.plan, {.relative = 0.0, .absolute = {}});
    EXPECT_TRUE(agreement.is_bit_identical) << what << ": " << agreement.difference;
  };
  for (const int ranks : {1, 2, 4, 8}) {
    for (const std::int64_t bucket : {1, 64, 200, 1 << 20}) {
      TrainingJob job = alone;
      job.plan.mode = "distributed_data_parallel";
      job.plan.ranks = ranks;
      job.plan.first_bucket_bytes = job.plan.bucket_bytes = bucket;
      expect_same_bits(job, std::to_string(ranks) + " ranks, buckets of " + std::to_string(bucket));
      job.plan.micro_batches = 2;
      expect_same_bits(job, std::to_string(ranks) + " ranks, two micro-batches");
    }
    TrainingJob replicated = alone;
    replicated.plan.mode = "data_parallel";
    replicated.plan.ranks = ranks;
    expect_same_bits(replicated, std::to_string(ranks) + " replicas");
    TrainingJob accumulated = alone;
    accumulated.plan.mode = "gradient_accumulation";
    accumulated.plan.micro_batches = ranks;
    expect_same_bits(accumulated, std::to_string(ranks) + " micro-batches");
  }
}

TEST(Modes, ResumedAtAnotherNumberOfRanksTrainingGoesOn) {
  const auto steps_of = [](int ranks, std::int64_t steps) {
    TrainingJob job = distributed("conv", ranks, DType::f64, 8, steps);
    job.plan.sync_batch_norm = ranks > 1;
    job.plan.optimizer = {.kind = "adam", .lr = 0.01};
    return job;
  };
  const TrainingRecord whole = train(steps_of(4, 6));
  const TrainingRecord half = train(steps_of(4, 3));
  for (const int ranks : {1, 2, 8}) {
    TrainingJob rest = steps_of(ranks, 6);
    rest.start = half.state;
    TrainingRecord resumed = train(rest);
    ASSERT_EQ(resumed.history.size(), 3u);
    for (const auto& [name, values] : whole.history.back().parameters)
      for (std::int64_t i = 0; i < values.count(); ++i)
        EXPECT_NEAR(resumed.history.back().parameters.at(name)[i], values[i], 1e-9) << name << " at " << ranks;
    for (const auto& [name, values] : whole.history.back().buffers)
      for (std::int64_t i = 0; i < values.count(); ++i)
        EXPECT_NEAR(resumed.history.back().buffers.at(name)[i], values[i], 1e-9) << name << " at " << ranks;
  }
  TrainingJob other = job_for("mlp", DType::f64, 8, 6);
  other.start = half.state;
  EXPECT_THAT(message_of(other), HasSubstr("the state does not fit the model; missing: w1, b1"));
}

TEST(Modes, LossScalingSkipsOverflowingStepsAndBacksOff) {
  TrainingJob job = distributed("mlp", 2, DType::f32, 8, 4);
  job.plan.loss_scaling = LossScalingPlan{.initial = 0x1p130};
  const TrainingRecord record = train(job);
  // 2^130, 2^129 and 2^128 are infinite in float32.
  EXPECT_EQ(record.ranks[0].skipped_steps, 3);
  EXPECT_EQ(record.ranks[1].skipped_steps, 3);
  EXPECT_EQ(record.state.loss_scale, 0x1p127);
  job.plan.loss_scaling = LossScalingPlan{.initial = 1024.0, .growth_interval = 2};
  const TrainingRecord grown = train(job);
  EXPECT_EQ(grown.state.loss_scale, 4096.0);
  EXPECT_EQ(grown.ranks[0].skipped_steps, 0);
}

TEST(Modes, LowerPrecisionKeepsParametersInFloat32) {
  TrainingJob job = distributed("conv", 2, DType::f32, 8, 4);
  job.plan.autocast = DType::bf16;
  const TrainingRecord record = train(job);
  EXPECT_EQ(record.ranks[0].parameters.at("w3").dtype(), DType::f32);
  TrainingJob exact = distributed("conv", 2, DType::f64, 8, 4);
  const TrainingRecord expected = expected_training(exact);
  const TrainingAgreement close =
      compare_training(record, expected, job.plan, tolerance_of(exact, expected, DType::bf16, kPerturbedRuns));
  EXPECT_TRUE(close.agrees) << close.difference;
  for (const int runs : {kPerturbedRuns, kPerturbedRunsInDoubt}) {
    const TrainingAgreement too_close =
        compare_training(record, expected, job.plan, tolerance_of(exact, expected, DType::f32, runs));
    EXPECT_FALSE(too_close.agrees) << "bfloat16 products must show at float32's resolution, " << runs << " runs";
  }
}

TEST(Modes, WrongPlansAreRefusedInOneLine) {
  TrainingJob job = distributed("mlp", 9);
  EXPECT_THAT(message_of(job), HasSubstr("9 ranks for batches of 8 rows; accepted: at most one rank per row"));
  job.plan.ranks = 0;
  EXPECT_THAT(message_of(job), HasSubstr("0 ranks; accepted: at least 1"));
  job.plan.mode = "telepathy";
  EXPECT_THAT(message_of(job), HasSubstr("unknown training mode 'telepathy'; accepted: single, gradient_accumulation"));
  job = distributed("mlp", 2);
  job.plan.rows = {{0, 5}, {4, 8}};
  EXPECT_THAT(message_of(job), HasSubstr("rows 4 to 8; accepted: ranges in order"));
  job = distributed("mlp", 2);
  job.plan.optimizer.kind = "sgdm";
  EXPECT_THAT(message_of(job), HasSubstr("unknown optimizer 'sgdm'; accepted: sgd, adam, adamw"));
}

TEST(Modes, ARankWithAnotherModelEndsTheRun) {
  TrainingJob job = distributed("mlp", 2);
  std::atomic<int> made = 0;
  job.make_model = [&made]() -> std::unique_ptr<Model> {
    return find_model(made++ == 0 ? "mlp" : "tfm").make({.dtype = DType::f64, .seed = 3});
  };
  EXPECT_THAT(message_of(job), HasSubstr("arrived with another model than rank 0"));
}

}  // namespace
}  // namespace lockstep
