// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/task_json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace lockstep {
namespace {

// What a worker measured reaches the parent through text.
TEST(TaskResult, KeepsTheStateOfTheGpu) {
  TaskResult result;
  Measurement measured{.kind = MeasurementKind::gpu_cold, .samples_seconds = {1e-5, 2e-5}, .note = {}, .gpu_state = {}};
  result.measurements.push_back(measured);
  measured.gpu_state = {
      .clock_mhz = 1980, .power_watts = std::nan(""), .temperature_celsius = 54.5, .throttle = "power cap"};
  result.measurements.push_back(measured);
  const TaskResult read = task_result_from_json(nlohmann::json::parse(to_json(result).dump()));
  ASSERT_EQ(read.measurements.size(), 2u);
  EXPECT_FALSE(read.measurements[0].gpu_state);
  const auto& state = read.measurements[1].gpu_state;
  ASSERT_TRUE(state);
  EXPECT_EQ(state->clock_mhz, 1980);
  EXPECT_TRUE(std::isnan(state->power_watts));
  EXPECT_EQ(state->temperature_celsius, 54.5);
  EXPECT_EQ(state->throttle, "power cap");
  EXPECT_EQ(read.measurements[1].samples_seconds, measured.samples_seconds);
}

}  // namespace
}  // namespace lockstep
