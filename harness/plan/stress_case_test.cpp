// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/stress_case.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/data/error.hpp"
#include "harness/plan/testing/scaled_sum.hpp"
#include "harness/simt/settings.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

const testing::ScaledSumOperator kOperator;

StressResult stressed(const Implementation& implementation, DeviceKind kind = DeviceKind::emulated) {
  const auto device = make_host_device(kind);
  const Problem problem = testing::scaled_sum_problem({6, 40});
  return stress_case({&kOperator, &implementation, {problem, "smoke", "test"}}, *device, {});
}
StressResult stressed_with(testing::Afterwards fault, DeviceKind kind = DeviceKind::emulated) {
  return stressed(testing::spoiled_reference(kOperator, Direction::forward, std::move(fault)), kind);
}
const StressFinding& of(const StressResult& result, Stress stress) {
  for (const StressFinding& finding : result.findings)
    if (finding.stress == stress) return finding;
  throw Error("no finding of " + std::string(name_of(stress)));
}
void flip_a_bit(const Tensors& tensors) { tensors.outputs[0].as<std::uint8_t>()[0] ^= 1; }

/// Takes 64 bytes of scratch memory and writes `written` of them at every launch.
Implementation with_scratch(std::size_t written) {
  Implementation result = testing::spoiled_reference(kOperator, Direction::forward);
  result.prepare = [inner = result.prepare, written](const Problem& problem, const Tensors& tensors, Device& device) {
    auto scratch = std::make_shared<DeviceMemory>(device, 64);
    return Launch([launch = inner(problem, tensors, device), scratch, written] {
      for (std::size_t at = 0; at < written; ++at) static_cast<std::uint8_t*>(scratch->get())[at] = 1;
      launch();
    });
  };
  return result;
}

TEST(StressCase, ARightKernelPassesAndTheRestSaysWhyNot) {
  const StressResult result = stressed_with({});
  for (const Stress stress : {Stress::repeated_launches, Stress::thread_orders, Stress::determinism})
    EXPECT_EQ(of(result, stress).outcome, Outcome::passed) << of(result, stress).reason;
  for (const Stress stress :
       {Stress::scratch_memory, Stress::least_scratch, Stress::no_scratch, Stress::graph_capture}) {
    EXPECT_EQ(of(result, stress).outcome, Outcome::skipped) << name_of(stress);
    EXPECT_NE(of(result, stress).reason, "") << name_of(stress);
  }
  EXPECT_EQ(of(stressed_with({}, DeviceKind::cpu), Stress::thread_orders).outcome, Outcome::skipped);
}

TEST(StressCase, FindsWhatALaterLaunchSpoils) {
  const StressResult result = stressed_with([](const Tensors& tensors, int launch) {
    if (launch == 3) tensors.outputs[1].as<float>()[7] += 1;
  });
  EXPECT_EQ(of(result, Stress::repeated_launches).outcome, Outcome::failed);
  EXPECT_THAT(of(result, Stress::repeated_launches).reason, HasSubstr("launch 4: z[0, 7]"));
}

TEST(StressCase, FindsInputsThatALaterLaunchOverwrites) {
  const StressResult result = stressed_with([](const Tensors& tensors, int launch) {
    if (launch == 2) tensors.inputs[0].as<float>()[0] += 1;
  });
  EXPECT_THAT(of(result, Stress::repeated_launches).reason, HasSubstr("launch 3: input x was overwritten"));
}

TEST(StressCase, FindsBitsThatVary) {
  const auto third = [](const Tensors& tensors, int launch) {
    if (launch == 2) flip_a_bit(tensors);
  };
  const StressResult result = stressed_with(third);
  EXPECT_EQ(of(result, Stress::repeated_launches).outcome, Outcome::passed) << "within every bound";
  EXPECT_EQ(of(result, Stress::determinism).outcome, Outcome::failed);
  EXPECT_THAT(of(result, Stress::determinism).reason, HasSubstr("launch 3 gave other bits"));

  Implementation honest = testing::spoiled_reference(kOperator, Direction::forward, third);
  honest.contract = [](const Problem&) { return PrecisionContract{.deterministic = false}; };
  const StressResult promised_nothing = stressed(honest);
  EXPECT_EQ(of(promised_nothing, Stress::determinism).outcome, Outcome::skipped);
  EXPECT_THAT(of(promised_nothing, Stress::determinism).reason, HasSubstr("not promised; launch 3 gave other bits"));
}

TEST(StressCase, FindsTheOneOrderOfThreadsThatDiffers) {
  const StressResult result = stressed_with([](const Tensors& tensors, int) {
    const simt::Settings& settings = simt::current_settings();
    if (settings.order == simt::Order::random && settings.seed == 4) tensors.outputs[1].as<float>()[7] += 1;
  });
  EXPECT_EQ(of(result, Stress::repeated_launches).outcome, Outcome::passed);
  EXPECT_THAT(of(result, Stress::thread_orders).reason, HasSubstr("order=random,seed=4: z[0, 7]"));
}

TEST(StressCase, LooksAfterScratchMemory) {
  const StressResult kept = stressed(with_scratch(64));
  EXPECT_EQ(kept.scratch_bytes, 64u);
  for (const Stress stress : {Stress::scratch_memory, Stress::least_scratch, Stress::no_scratch})
    EXPECT_EQ(of(kept, stress).outcome, Outcome::passed) << of(kept, stress).reason;
  EXPECT_THAT(of(kept, Stress::no_scratch).reason,
              HasSubstr("declines: scratch memory: 64 bytes asked for, 0 allowed"));

  const StressResult overrun = stressed(with_scratch(65));
  EXPECT_EQ(of(overrun, Stress::scratch_memory).outcome, Outcome::failed);
  EXPECT_THAT(of(overrun, Stress::scratch_memory).reason, HasSubstr("behind the end of 64 bytes"));
  EXPECT_EQ(of(overrun, Stress::least_scratch).outcome, Outcome::failed);
}

TEST(StressCase, WhatIsThrownIsAFinding) {
  const StressResult result = stressed_with([](const Tensors&, int launch) {
    if (launch == 1) throw std::runtime_error("lost the device");
  });
  EXPECT_EQ(of(result, Stress::repeated_launches).outcome, Outcome::failed);
  EXPECT_EQ(of(result, Stress::repeated_launches).reason, "lost the device");
}

TEST(StressCase, WhatIsNotTakenGivesNoFinding) {
  Implementation picky = testing::spoiled_reference(kOperator, Direction::forward);
  picky.unsupported = [](const Problem&, const Device&) { return std::optional<std::string>("never"); };
  EXPECT_TRUE(stressed(picky).findings.empty());
}

}  // namespace
}  // namespace lockstep
