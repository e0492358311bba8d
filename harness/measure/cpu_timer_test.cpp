// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/cpu_timer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace lockstep {
namespace {

/// Holds the core for `seconds` of wall time: never shorter, whatever else the machine does.
void spin(double seconds) {
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds) {
  }
}

TEST(CpuTimer, SamplesAreSecondsOfOneCall) {
  // However busy the machine, no call is shorter than it spins, and the fastest of many is not much longer.
  for (const double seconds : {20e-6, 1e-3}) {
    const Measurement measured = measure_on_cpu(
        [seconds] { spin(seconds); }, {.budget_seconds = 0.1, .least_samples = 20, .relative_precision = 0.001});
    EXPECT_EQ(measured.kind, MeasurementKind::cpu_wall);
    const auto [least, most] = std::minmax_element(measured.samples_seconds.begin(), measured.samples_seconds.end());
    EXPECT_GE(*least, seconds);
    EXPECT_LT(*least, 3 * seconds);
    EXPECT_GE(*most, *least);
  }
}

TEST(CpuTimer, ShortCallsAreRepeatedUntilASampleIsLongEnough) {
  std::int64_t calls = 0;
  const Measurement measured = measure_on_cpu(
      [&calls] {
        ++calls;
        spin(2e-6);
      },
      {.budget_seconds = 0.05, .least_samples = 5, .relative_precision = 0.01, .sample_seconds = 20e-3});
  // A sample of 20 ms holds at most 10000 calls of 2 us, and several even if the call that sets the number was interrupted.
  EXPECT_GT(measured.iterations, 1);
  EXPECT_LE(measured.iterations, 10000);
  EXPECT_EQ(calls, 3 + measured.iterations * static_cast<std::int64_t>(measured.samples_seconds.size()));
}

TEST(CpuTimer, LongCallsAreTakenOnceEachAndThreeTimesAtLeast) {
  int calls = 0;
  const Measurement measured = measure_on_cpu(
      [&calls] {
        ++calls;
        spin(0.21);
      },
      {.budget_seconds = 0.2, .least_samples = 50, .relative_precision = 1e-6, .sample_seconds = 1e-3});
  EXPECT_EQ(measured.iterations, 1);
  EXPECT_EQ(measured.samples_seconds.size(), 3u);
  EXPECT_EQ(calls, 4);  // one to warm up, since it spent the budget alone
}

TEST(CpuTimer, ACallThatOutlastsThreeBudgetsIsTheSample) {
  int calls = 0;
  const Measurement measured = measure_on_cpu(
      [&calls] {
        ++calls;
        spin(0.031);
      },
      {.budget_seconds = 0.01, .least_samples = 50, .relative_precision = 1e-6});
  EXPECT_EQ(calls, 1);
  ASSERT_EQ(measured.samples_seconds.size(), 1u);
  EXPECT_GE(measured.samples_seconds[0], 0.031);
  EXPECT_EQ(measured.iterations, 1);
}

TEST(CpuTimer, StopsWithinItsBudget) {
  const auto start = std::chrono::steady_clock::now();
  const Measurement measured = measure_on_cpu(
      [] { spin(1e-4); }, {.budget_seconds = 0.05, .least_samples = 1000000, .relative_precision = 1e-9});
  const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_GE(spent, 0.05);
  EXPECT_LT(spent, 1.0);  // generous: the machine may be busy
  EXPECT_LE(measured.samples_seconds.size(), 500u);
}

}  // namespace
}  // namespace lockstep
