// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/measure_case.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/plan/testing/scaled_sum.hpp"

namespace lockstep {
namespace {

using ::testing::IsEmpty;
using ::testing::StartsWith;

const testing::ScaledSumOperator kOperator;
const MeasurePolicy kShort{
    .budget_seconds = 0.002, .least_samples = 3, .relative_precision = 0.5, .sample_seconds = 1e-5};

TimedCase measured(const Implementation& implementation, const Problem& problem = testing::scaled_sum_problem({6, 40}),
                   DeviceKind kind = DeviceKind::cpu) {
  const auto device = make_host_device(kind);
  return measure_case({&kOperator, &implementation, {problem, "", ""}}, *device, kShort, {});
}

TimedCase measured_with_fault(testing::Afterwards fault) {
  return measured(testing::spoiled_reference(kOperator, Direction::forward, std::move(fault)));
}

TEST(MeasureCase, APassComesWithItsTimes) {
  int launches = 0;
  const TimedCase timed = measured_with_fault([&](const Tensors&, int) { ++launches; });
  EXPECT_EQ(timed.verdict.outcome, Outcome::passed) << timed.verdict.reason;
  ASSERT_EQ(timed.measurements.size(), 1u);
  const Measurement& one = timed.measurements[0];
  EXPECT_EQ(one.kind, MeasurementKind::cpu_wall);
  EXPECT_GE(one.samples_seconds.size(), 3u);
  for (const double seconds : one.samples_seconds) EXPECT_GT(seconds, 0.0);
  EXPECT_EQ(launches, 3 + one.iterations * static_cast<std::int64_t>(one.samples_seconds.size()));
  EXPECT_EQ(timed.verdict.margins.elements_judged, 246);
}

TEST(MeasureCase, WrongOutputsHaveNoTime) {
  const TimedCase wrong = measured_with_fault([](const Tensors& t, int) { t.outputs[1].as<float>()[7] += 1; });
  EXPECT_EQ(wrong.verdict.outcome, Outcome::failed);
  EXPECT_THAT(wrong.verdict.reason, StartsWith("the outputs that were timed are wrong: z[0, 7] is off"));
  EXPECT_TRUE(wrong.verdict.failure);
  EXPECT_THAT(wrong.measurements, IsEmpty());
}

TEST(MeasureCase, ACallThatIsWrongOnlyLaterIsStillFound) {
  // Right while it is warmed up, then it keeps to itself what it should compute.
  const TimedCase wrong = measured_with_fault([](const Tensors& t, int launch) {
    if (launch > 2) t.outputs[0].as<float>()[0] = 0;
  });
  EXPECT_EQ(wrong.verdict.outcome, Outcome::failed);
  EXPECT_THAT(wrong.measurements, IsEmpty());
}

TEST(MeasureCase, DamageAroundAnOutputHasNoTime) {
  const TimedCase damaged = measured_with_fault(
      [](const Tensors& t, int launch) { t.outputs[0].as<std::uint8_t>()[-1] ^= launch == 0 ? 1 : 0; });
  EXPECT_EQ(damaged.verdict.outcome, Outcome::failed);
  EXPECT_THAT(damaged.measurements, IsEmpty());
}

TEST(MeasureCase, AnExceptionHasNoTime) {
  const TimedCase thrown = measured_with_fault([](const Tensors&, int launch) {
    if (launch == 4) throw std::runtime_error("illegal address");
  });
  EXPECT_EQ(thrown.verdict.outcome, Outcome::failed);
  EXPECT_EQ(thrown.verdict.reason, "illegal address");
  EXPECT_THAT(thrown.measurements, IsEmpty());
}

TEST(MeasureCase, TheEmulatorIsNeverTimed) {
  int launches = 0;
  const TimedCase emulated =
      measured(testing::spoiled_reference(kOperator, Direction::forward, [&](const Tensors&, int) { ++launches; }),
               testing::scaled_sum_problem({6, 40}), DeviceKind::emulated);
  EXPECT_EQ(emulated.verdict.outcome, Outcome::skipped);
  EXPECT_EQ(emulated.verdict.reason, "emulated runs are judged, never timed");
  EXPECT_EQ(emulated.verdict.device, DeviceKind::emulated);
  EXPECT_EQ(launches, 0);
  EXPECT_THAT(emulated.measurements, IsEmpty());
}

TEST(MeasureCase, WhatDoesNotRunSaysWhy) {
  Implementation implementation = testing::spoiled_reference(kOperator, Direction::forward);
  const TimedCase refused = measured(implementation, testing::scaled_sum_problem({}));
  EXPECT_EQ(refused.verdict.outcome, Outcome::refused);
  EXPECT_EQ(refused.verdict.reason, "scaled_sum(): x must have at least 1 dimension");
  EXPECT_THAT(refused.measurements, IsEmpty());
  implementation.unsupported = [](const Problem&, const Device&) { return std::optional<std::string>("no bf16 here"); };
  const TimedCase skipped = measured(implementation);
  EXPECT_EQ(skipped.verdict.outcome, Outcome::skipped);
  EXPECT_EQ(skipped.verdict.reason, "no bf16 here");
  EXPECT_THAT(skipped.measurements, IsEmpty());
}

}  // namespace
}  // namespace lockstep
