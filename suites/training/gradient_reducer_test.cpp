// SPDX-License-Identifier: Apache-2.0
// Behind the first step gradient buckets follow the order in which gradients arrived.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/data/error.hpp"
#include "suites/training/agreement.hpp"
#include "suites/training/expectation.hpp"
#include "suites/training/gradient_buckets.hpp"
#include "suites/training/testing/jobs.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using Names = std::vector<std::string>;

TrainingJob job_for(const std::string& model_name, int ranks, std::int64_t bucket_bytes, DType dtype, std::int64_t rows,
                    std::int64_t steps) {
  TrainingJob job = testing::job_for(model_name, dtype, rows, steps);
  job.plan.mode = ranks > 1 ? "distributed_data_parallel" : "single";
  job.plan.ranks = ranks;
  job.plan.first_bucket_bytes = job.plan.bucket_bytes = bucket_bytes;
  job.plan.arrival_limit_seconds = 20;
  return job;
}

/// The order in which a backward on one rank reaches the leaves.
Names arrival_order(const std::string& model_name) {
  const ModelDefinition& definition = find_model(model_name);
  const auto model = definition.make({.dtype = DType::f64, .seed = 3});
  const Batch batch = synthetic_batches(definition, 4, DType::f64, 3)(0);
  Names order;
  for (NamedVariable& parameter : model->parameters())
    parameter.variable.register_accumulation_hook(
        [&order, name = parameter.name](Variable&) { order.push_back(name); });
  ReferenceExecutor executor;
  Autograd autograd(executor);
  autograd.backward(model->loss(autograd, (*model)(autograd, Variable(batch.x)), Variable(batch.y)));
  return order;
}

Names backwards(const std::string& model_name) {
  Names names;
  for (const NamedVariable& parameter : find_model(model_name).make({.dtype = DType::f64})->parameters())
    names.insert(names.begin(), parameter.name);
  return names;
}

Names joined(const std::vector<Names>& buckets) {
  Names all;
  for (const Names& bucket : buckets) all.insert(all.end(), bucket.begin(), bucket.end());
  return all;
}

TEST(BucketRebuild, FollowsTheArrivalOnEveryRank) {
  for (const char* model : {"mlp", "tfm", "conv"}) {
    const Names arrival = arrival_order(model);
    EXPECT_NE(arrival, backwards(model)) << model << ": the test would see no difference";
    TrainingJob job = job_for(model, 3, 300, DType::f64, 9, 1);
    const std::vector<RankRecord> once = train(job).ranks;
    EXPECT_GT(once[0].buckets.size(), 1u);
    for (const RankRecord& rank : once) {
      EXPECT_EQ(joined(rank.buckets), arrival) << model;
      EXPECT_EQ(rank.buckets, once[0].buckets) << model;
    }
    job.steps = 3;
    EXPECT_EQ(train(job).ranks[1].buckets, once[0].buckets) << model << ": once only";
    job.plan.rebuild_buckets = false;
    EXPECT_EQ(joined(train(job).ranks[2].buckets), backwards(model)) << model;
  }
}

TEST(BucketRebuild, NeverWhereUnusedParametersAreLookedFor) {
  TrainingJob job = job_for("gated", 2, 300, DType::f64, 8, 3);
  job.plan.find_unused_parameters = true;
  EXPECT_EQ(joined(train(job).ranks[0].buckets), backwards("gated"));
}

TEST(BucketRebuild, ARankThatRanOutBeforeTakesTheOrderToo) {
  TrainingJob job = job_for("mlp", 3, 300, DType::f64, 9, 4);
  job.plan.steps_by_rank = {0, 4, 2};
  const TrainingRecord record = train(job);
  for (const RankRecord& rank : record.ranks) EXPECT_EQ(joined(rank.buckets), arrival_order("mlp"));
  const TrainingAgreement agreement = compare_training(record, expected_training(job), job.plan, {});
  EXPECT_TRUE(agreement.agrees) << agreement.difference;
}

// In f64 the exact model's sums are exact for two steps: the second one reduces the rebuilt buckets.
TEST(BucketRebuild, ChangesNoBitOfTheExactModel) {
  TrainingJob alone = job_for("exact", 1, 1, DType::f64, 64, 2);
  alone.plan.optimizer = {.kind = "sgd", .lr = 0.03125};
  const TrainingRecord one = train(alone);
  for (const int ranks : {2, 4, 8})
    for (const std::int64_t bucket : {1, 64, 200, 600, 1 << 20})
      for (const bool rebuilds : {true, false}) {
        TrainingJob job = job_for("exact", ranks, bucket, DType::f64, 64, 2);
        job.plan.optimizer = alone.plan.optimizer;
        job.plan.rebuild_buckets = rebuilds;
        TrainingRecord got = train(job);
        got.ranks.resize(1);
        got.ranks[0].losses = one.ranks[0].losses;
        got.ranks[0].evaluation_loss = one.ranks[0].evaluation_loss;
        const TrainingAgreement agreement = compare_training(got, one, alone.plan, {.relative = 0.0, .absolute = {}});
        EXPECT_TRUE(agreement.is_bit_identical)
            << ranks << " ranks, buckets of " << bucket << ": " << agreement.difference;
      }
}

TEST(BucketRebuild, RanksThatRebuildDifferentlyAreCaughtAtEveryBucketSize) {
  for (const std::int64_t bucket : {1, 200, 600}) {
    TrainingJob job = job_for("mlp", 2, bucket, DType::f64, 8, 3);
    job.plan.arrival_limit_seconds = 3;
    const TrainingRecord expected = expected_training(job);
    job.plan.fault = TrainingFault::rebuilt_differently;
    bool caught = false;
    try {
      caught = !compare_training(train(job), expected, job.plan, {}).agrees;
    } catch (const Error& error) {
      caught = true;
      EXPECT_THAT(error.what(), HasSubstr("bucket"));
    }
    EXPECT_TRUE(caught) << bucket;
  }
}

TEST(GradientBuckets, FillInTheGivenOrder) {
  const std::vector<BucketItem> items{{DType::f32, 10}, {DType::f32, 1}, {DType::f32, 4}, {DType::f32, 2}};
  const auto buckets = assign_buckets(items, {2, 0, 3, 1}, 16, 40);
  ASSERT_EQ(buckets.size(), 3u);
  EXPECT_EQ(buckets[0].parameters, (std::vector<std::size_t>{2}));
  EXPECT_EQ(buckets[1].parameters, (std::vector<std::size_t>{0}));
  EXPECT_EQ(buckets[2].parameters, (std::vector<std::size_t>{3, 1}));
  EXPECT_THROW(assign_buckets(items, {2, 0, 3, 3}, 16, 40), Error);
  EXPECT_THROW(assign_buckets(items, {2, 0, 3}, 16, 40), Error);
}

}  // namespace
}  // namespace lockstep
