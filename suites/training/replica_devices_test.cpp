// SPDX-License-Identifier: Apache-2.0
// data_parallel on devices that are named: device_ids and output_device.
#include "suites/training/replica_devices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suites/training/agreement.hpp"
#include "suites/training/expectation.hpp"
#include "suites/training/testing/jobs.hpp"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

TrainingJob replicated(const std::string& model_name, int devices, std::vector<int> ids,
                       std::optional<int> output = {}) {
  TrainingJob job = testing::job_for(model_name, DType::f64, 8, 3);
  job.plan.mode = "data_parallel";
  job.plan.ranks = devices;
  job.plan.device_ids = std::move(ids);
  job.plan.output_device = output;
  return job;
}

TEST(ReplicaDevices, WhereTheyLieChangesNoNumber) {
  for (const char* model : {"mlp", "conv", "gated"})
    for (const TrainingJob& job :
         {replicated(model, 3, {2, 0, 1}), replicated(model, 3, {1, 2, 0}, 0), replicated(model, 4, {3, 1}),
          replicated(model, 4, {1, 2}, 2), replicated(model, 4, {1, 0}, 3), replicated(model, 2, {1}, 0)}) {
      SCOPED_TRACE(std::string(model) + " on " + std::to_string(job.plan.device_ids.size()) + " replicas, output " +
                   std::to_string(job.plan.output_device.value_or(-1)));
      const TrainingRecord got = train(job), expected = expected_training(job);
      const TrainingAgreement agreement = compare_training(got, expected, job.plan, {});
      EXPECT_TRUE(agreement.agrees) << agreement.difference;
      EXPECT_GT(agreement.numbers_compared, 0);
      for (const RankRecord& device : got.ranks) EXPECT_EQ(device.losses, got.ranks[0].losses);
    }
}

TEST(ReplicaDevices, AnotherOutputDeviceHearsOfTheLossScale) {
  TrainingJob job = replicated("mlp", 3, {0, 1}, 2);
  job.steps = 4;
  job.plan.loss_scaling = LossScalingPlan{.initial = 1024.0, .growth_interval = 2};
  const TrainingAgreement agreement = compare_training(train(job), expected_training(job), job.plan, {});
  EXPECT_TRUE(agreement.agrees) << agreement.difference;
  EXPECT_EQ(train(job).state.loss_scale, 4096.0);
}

TEST(ReplicaDevices, MemoryIsThatOfWhatADeviceDoes) {
  const TrainingRecord record = train(replicated("mlp", 4, {2, 0}, 3));
  std::int64_t model = 0;
  for (const auto& [name, values] : record.ranks[0].parameters) model += 8 * values.count();
  const std::int64_t gathered = 2 * 8 * 3 * 8, steps = 8 * 6;  // 8 rows of 3 outputs in f64, and their gradients
  // Parameters and gradients on both replicas; momentum and step counts beside the module; what is gathered on device 3.
  std::vector<std::int64_t> bytes;
  for (const RankRecord& device : record.ranks) bytes.push_back(device.tensor_bytes);
  EXPECT_THAT(bytes, ElementsAre(2 * model, 0, 3 * model + steps, gathered));
}

TEST(ReplicaDevices, AModuleElsewhereIsRefusedInPyTorchsWords) {
  TrainingJob job = replicated("conv", 3, {1, 2});
  job.plan.tensor_devices = {{"k1", 1}, {"w3", 0}};
  EXPECT_THAT(message_of(job), HasSubstr("module must have its parameters and buffers on device threads:1 "
                                         "(device_ids[0]) but found one of them on device: threads:0 ('w3')"));
  job.plan.tensor_devices = {{"rm1", 2}};
  EXPECT_THAT(message_of(job), AllOf(HasSubstr("found one of them on device: threads:2 ('rm1')")));
  job.plan.tensor_devices = {{"k1", 1}, {"rm1", 1}};
  EXPECT_EQ(message_of(job), "nothing was thrown");
  job.plan.tensor_devices = {{"k7", 1}};
  EXPECT_THAT(message_of(job), HasSubstr("'k7', which the module does not have"));
}

TEST(ReplicaDevices, DevicesThatAreNoneAreRefused) {
  EXPECT_THAT(message_of(replicated("mlp", 2, {0, 2})), HasSubstr("device_ids has the device 2; accepted: 0 to 1"));
  EXPECT_THAT(message_of(replicated("mlp", 2, {0, -1})), HasSubstr("device_ids has the device -1"));
  EXPECT_THAT(message_of(replicated("mlp", 2, {1, 1})), HasSubstr("more than once"));
  EXPECT_THAT(message_of(replicated("mlp", 2, {0, 1}, 2)), HasSubstr("output_device is 2; accepted: 0 to 1"));
}

}  // namespace
}  // namespace lockstep
