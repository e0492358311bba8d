// SPDX-License-Identifier: Apache-2.0
// The published architectures in their tiny sizes, trained side by side.
#include <gtest/gtest.h>

#include "suites/training/agreement.hpp"
#include "suites/training/expectation.hpp"
#include "suites/training/scenario.hpp"
#include "suites/training/testing/jobs.hpp"

namespace lockstep {
namespace {

class LargeModels : public ::testing::TestWithParam<const char*> {};

TEST_P(LargeModels, TwoRanksTrainAsOneDoesOnTheWholeBatch) {
  TrainingJob job = testing::job_for(GetParam(), DType::f64, 4, 2);
  const TrainingRecord one = train(job);
  const TrainingPlan alone = job.plan;
  job.plan.mode = "distributed_data_parallel";
  job.plan.ranks = 2;
  job.plan.first_bucket_bytes = 1000;
  job.plan.bucket_bytes = 20000;
  job.plan.sync_batch_norm = !job.make_model()->buffers().empty();
  TrainingRecord got = train(job);
  ASSERT_EQ(got.history.size(), 2u);
  EXPECT_GT(got.ranks[0].buckets.size(), 2u);
  // A rank's loss is the mean of its own rows.
  for (std::size_t step = 0; step < 2; ++step)
    EXPECT_NEAR(0.5 * (got.ranks[0].losses[step] + got.ranks[1].losses[step]), one.ranks[0].losses[step], 1e-9);
  got.ranks.resize(1);
  got.ranks[0].losses = one.ranks[0].losses;
  got.ranks[0].evaluation_loss = one.ranks[0].evaluation_loss;
  const TrainingAgreement agreement = compare_training(got, one, alone, {});
  EXPECT_TRUE(agreement.agrees) << agreement.difference;
  EXPECT_GT(agreement.numbers_compared, 2 * 2 * find_model(GetParam()).parameter_count);
}

INSTANTIATE_TEST_SUITE_P(Tiny, LargeModels, ::testing::Values("resnet50_tiny", "shufflenet_tiny", "bert_tiny"),
                         [](const auto& model) { return std::string(model.param); });

TEST(LargeModelsAsPublished, AreNotTrainedOnTheCpu) {
  for (const char* name : {"resnet18", "resnet50", "shufflenet", "bert_base"}) {
    try {
      find_trainable_model(name);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(std::to_string(find_model(name).parameter_count) + " parameters"), std::string::npos);
      EXPECT_EQ(message.find("resnet50,"), std::string::npos) << "accepts what it refuses: " << message;
    }
  }
  EXPECT_EQ(find_trainable_model("bert_tiny").name, "bert_tiny");
}

}  // namespace
}  // namespace lockstep
