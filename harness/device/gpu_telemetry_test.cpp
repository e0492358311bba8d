// SPDX-License-Identifier: Apache-2.0
#include "harness/device/gpu_telemetry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "harness/device/device.hpp"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// An NVML that answers what the test wants.
struct FakeNvml {
  int init_status = 0, device_status = 0, power_status = 0;
  unsigned long long reasons = 0;
  int running = 0;
  std::string bus;
} fake;

int init() { return fake.running += fake.init_status == 0, fake.init_status; }
int shut_down() { return --fake.running, 0; }
const char* text_of(int status) { return status == 9 ? "Driver Not Loaded" : "Not Found"; }
int device_by_bus(const char* bus, void** device) {
  fake.bus = bus;
  *device = &fake;
  return fake.device_status;
}
int clock_of(void* device, unsigned domain, unsigned* mhz) {
  *mhz = device == &fake && domain == 1 ? 1980 : 0;
  return 0;
}
int power_of(void*, unsigned* milliwatts) { return *milliwatts = 512250, fake.power_status; }
int temperature_of(void*, unsigned sensor, unsigned* celsius) { return *celsius = sensor == 0 ? 54 : 0, 0; }
int throttle_of(void*, unsigned long long* reasons) { return *reasons = fake.reasons, 0; }

std::map<std::string, void*> functions() {
  const auto address = [](auto* function) { return reinterpret_cast<void*>(function); };
  return {{"nvmlInit_v2", address(init)},
          {"nvmlShutdown", address(shut_down)},
          {"nvmlErrorString", address(text_of)},
          {"nvmlDeviceGetHandleByPciBusId_v2", address(device_by_bus)},
          {"nvmlDeviceGetClockInfo", address(clock_of)},
          {"nvmlDeviceGetPowerUsage", address(power_of)},
          {"nvmlDeviceGetTemperature", address(temperature_of)},
          {"nvmlDeviceGetCurrentClocksThrottleReasons", address(throttle_of)}};
}

GpuTelemetry::Resolve all_but(const std::string& missing = "") {
  return [missing](const char* name) -> void* {
    const auto known = functions();
    const auto found = known.find(name);
    return found == known.end() || name == missing ? nullptr : found->second;
  };
}

TEST(GpuTelemetry, ReadsInTheUnitsOfReports) {
  fake = {};
  fake.reasons = 0x1 | 0x4 | 0x40;  // idle, power cap, temperature
  {
    const GpuTelemetry telemetry("0000:17:00.0", all_but());
    ASSERT_EQ(telemetry.unavailable(), "");
    EXPECT_EQ(fake.bus, "0000:17:00.0");
    EXPECT_EQ(fake.running, 1);
    const auto reading = telemetry.read();
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->clock_mhz, 1980);
    EXPECT_EQ(reading->power_watts, 512.25);
    EXPECT_EQ(reading->temperature_celsius, 54);
    EXPECT_EQ(reading->throttle, "power cap, temperature (hardware)");
    fake.power_status = 3;  // this GPU does not tell its power
    EXPECT_TRUE(std::isnan(telemetry.read()->power_watts));
    fake.reasons = 0x1;
    EXPECT_EQ(telemetry.read()->throttle, "");
  }
  EXPECT_EQ(fake.running, 0);
}

TEST(GpuTelemetry, SaysWhyThereIsNothingToRead) {
  fake = {};
  for (const auto& [name, address] : functions()) {
    const GpuTelemetry telemetry("0000:17:00.0", all_but(name));
    EXPECT_THAT(telemetry.unavailable(), AllOf(HasSubstr("libnvidia-ml.so.1"), HasSubstr(name)));
    EXPECT_FALSE(telemetry.read());
  }
  fake.init_status = 9;
  EXPECT_THAT(GpuTelemetry("0000:17:00.0", all_but()).unavailable(), HasSubstr("Driver Not Loaded"));
  fake = {};
  fake.device_status = 6;
  EXPECT_THAT(GpuTelemetry("0000:17:00.0", all_but()).unavailable(),
              AllOf(HasSubstr("0000:17:00.0"), HasSubstr("Not Found")));
  EXPECT_EQ(fake.running, 0);
}

TEST(GpuTelemetry, WithoutAGpuThereIsNoReadingButAReason) {
  if (gpu_unavailable().empty()) GTEST_SKIP() << "this machine has a GPU";
  EXPECT_FALSE(read_gpu());
  EXPECT_THAT(gpu_telemetry_unavailable(), HasSubstr("no GPU"));
}

}  // namespace
}  // namespace lockstep
