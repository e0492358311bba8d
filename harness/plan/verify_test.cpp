// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <new>

#include "harness/plan/testing/scaled_sum.hpp"
#include "harness/simt/check_mode.hpp"
#include "harness/simt/settings.hpp"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const testing::ScaledSumOperator kOperator;
constexpr DeviceKind kHosts[]{DeviceKind::cpu, DeviceKind::emulated};

CaseResult verified(const Problem& problem, const Implementation& implementation, DeviceKind kind = DeviceKind::cpu,
                    const VerifyOptions& options = {}) {
  const auto device = make_host_device(kind);
  return verify_case({&kOperator, &implementation, {problem, "smoke", "test"}}, *device, options);
}

/// Forward on x=6x40 with a fault behind the launch.
CaseResult with_fault(testing::Afterwards fault, DeviceKind kind = DeviceKind::cpu,
                      Layout layout = Layout::contiguous) {
  Problem problem = testing::scaled_sum_problem({6, 40});
  problem.layout = layout;
  return verified(problem, testing::spoiled_reference(kOperator, Direction::forward, std::move(fault)), kind);
}

std::uint8_t* bytes_of(const TensorView& view) { return view.as<std::uint8_t>(); }

TEST(VerifyCase, CorrectImplementationsPass) {
  for (const DeviceKind kind : kHosts)
    for (const Direction direction : {Direction::forward, Direction::backward})
      for (const DType dtype : {DType::f32, DType::f16, DType::bf16})
        for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::strided, Layout::unaligned}) {
          Problem problem = testing::scaled_sum_problem({2, 3, 4, 33}, direction, dtype);
          problem.layout = layout;
          const CaseResult result = verified(problem, testing::spoiled_reference(kOperator, direction), kind);
          EXPECT_EQ(result.outcome, Outcome::passed) << problem.label() << ": " << result.reason;
          EXPECT_EQ(result.reason, "");
          EXPECT_FALSE(result.failure);
          EXPECT_EQ(result.device, kind);
          EXPECT_EQ(result.deterministic, Determinism::yes);
          EXPECT_EQ(result.margins.elements_judged, 2 * 3 * 4 * 33 + (direction == Direction::forward ? 24 : 0));
          EXPECT_GT(result.margins.worst_bound, 0.0);
          EXPECT_LE(result.margins.worst_bound, 1.0);
        }
}

TEST(VerifyCase, AWrongElementFails) {
  for (const DeviceKind kind : kHosts) {
    const CaseResult result = with_fault([](const Tensors& t, int) { t.outputs[1].as<float>()[47] *= 1.01f; }, kind);
    EXPECT_EQ(result.outcome, Outcome::failed);
    ASSERT_TRUE(result.failure);
    EXPECT_EQ(result.failure->output, "z");
    EXPECT_EQ(result.failure->index, (Shape{1, 7}));
    EXPECT_THAT(result.reason, StartsWith("z[1, 7] is off"));
    EXPECT_GT(result.margins.worst_bound, 1.0);
  }
}

TEST(VerifyCase, NanFails) {
  const CaseResult result = with_fault([](const Tensors& t, int) { t.outputs[0].as<float>()[5] = std::nanf(""); });
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.failure.value_or(Failure{}).gate, Gate::non_finite);
  EXPECT_THAT(result.reason, StartsWith("y[5] is off"));
}

TEST(VerifyCase, AnUnwrittenElementFailsInEveryPass) {
  // Puts back what lay there before the launch, as a kernel does that never gets to its last element.
  Implementation implementation = testing::spoiled_reference(kOperator, Direction::forward);
  implementation.prepare = [inner = implementation.prepare](const Problem& problem, const Tensors& tensors,
                                                            Device& device) {
    return Launch([launch = inner(problem, tensors, device), last = tensors.outputs[1].as<float>() + 239] {
      float before;
      std::memcpy(&before, last, 4);
      launch();
      std::memcpy(last, &before, 4);
    });
  };
  const CaseResult result = verified(testing::scaled_sum_problem({6, 40}), implementation);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.reason, "z[5, 39] was never written");
}

TEST(VerifyCase, AResultLeftFromTheLaunchBeforeFails) {
  Implementation implementation = testing::spoiled_reference(kOperator, Direction::forward);
  implementation.prepare = [inner = implementation.prepare](const Problem& problem, const Tensors& tensors,
                                                            Device& device) {
    return Launch([launch = inner(problem, tensors, device), done = std::make_shared<bool>(false)] {
      if (!*done) launch();
      *done = true;
    });
  };
  for (const DeviceKind kind : kHosts) {
    const CaseResult result = verified(testing::scaled_sum_problem({6, 40}), implementation, kind);
    EXPECT_EQ(result.outcome, Outcome::failed);
    EXPECT_THAT(result.reason, HasSubstr("was never written"));
  }
}

TEST(VerifyCase, AnOverwrittenInputFailsWheneverItHappens) {
  for (const DeviceKind kind : kHosts) {
    const int last = kind == DeviceKind::cpu ? 1 : 2;
    // After the last launch nothing but the input itself can tell.
    const CaseResult result = with_fault(
        [last](const Tensors& t, int launch) {
          if (launch == last) bytes_of(t.inputs[0])[800] ^= 1;
        },
        kind);
    EXPECT_EQ(result.outcome, Outcome::failed);
    EXPECT_EQ(result.reason, "input x was overwritten");
    EXPECT_EQ(result.failure.value_or(Failure{}).message, "input x was overwritten");
  }
  EXPECT_EQ(with_fault([](const Tensors& t, int) { t.inputs[0].as<float>()[0] += 1; }).outcome, Outcome::failed);
}

TEST(VerifyCase, WritingAroundATensorFails) {
  const auto reason = [](testing::Afterwards fault, Layout layout = Layout::contiguous) {
    const CaseResult result = with_fault(std::move(fault), DeviceKind::cpu, layout);
    EXPECT_EQ(result.outcome, Outcome::failed);
    return result.reason;
  };
  EXPECT_EQ(reason([](const Tensors& t, int) { bytes_of(t.outputs[0])[-1] ^= 1; }),
            "y: 1 bytes written before the tensor, the first 1 bytes ahead of it");
  EXPECT_EQ(reason([](const Tensors& t, int) { bytes_of(t.outputs[1])[240 * 4] ^= 1; }),
            "z: 1 bytes written behind the tensor, the first 0 bytes past its end");
  EXPECT_EQ(reason([](const Tensors& t, int) { bytes_of(t.outputs[1])[40 * 4] ^= 1; }, Layout::strided),
            "z: bytes written into the gap behind row 0");
  EXPECT_EQ(reason([](const Tensors& t, int launch) { bytes_of(t.inputs[0])[240 * 4] ^= launch == 0 ? 1 : 0; }),
            "input x: 1 bytes written behind the tensor, the first 0 bytes past its end");
}

TEST(VerifyCase, WritingAroundAnOutputInTheSecondLaunchAloneFails) {
  // The bits of the outputs repeat, so the gates are not asked again; the canaries are.
  const CaseResult result = with_fault([](const Tensors& t, int launch) {
    if (launch == 1) bytes_of(t.outputs[1])[240 * 4] ^= 1;
  });
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.reason, StartsWith("z: 1 bytes written behind"));
}

TEST(VerifyCase, OtherBitsInAnotherLaunchFailWhereDeterminismIsPromised) {
  const testing::Afterwards flip = [](const Tensors& t, int launch) {
    if (launch == 1) bytes_of(t.outputs[0])[0] ^= 1;  // the last bit of y[0]: right, but not the same
  };
  for (const DeviceKind kind : kHosts) {
    const CaseResult promised = with_fault(flip, kind);
    EXPECT_EQ(promised.outcome, Outcome::failed);
    EXPECT_EQ(promised.deterministic, Determinism::no);
    EXPECT_THAT(promised.reason, HasSubstr("different bits"));

    Implementation implementation = testing::spoiled_reference(kOperator, Direction::forward, flip);
    implementation.contract = [](const Problem&) { return PrecisionContract{.deterministic = false}; };
    const CaseResult allowed = verified(testing::scaled_sum_problem({6, 40}), implementation, kind);
    EXPECT_EQ(allowed.outcome, Outcome::passed) << allowed.reason;
    EXPECT_EQ(allowed.deterministic, Determinism::not_promised);
  }
}

TEST(VerifyCase, AResultThatIsWrongInOneLaunchAloneFailsWithoutAPromiseToo) {
  Implementation implementation =
      testing::spoiled_reference(kOperator, Direction::forward, [](const Tensors& t, int launch) {
        if (launch == 1) t.outputs[0].as<float>()[3] += 1;
      });
  implementation.contract = [](const Problem&) { return PrecisionContract{.deterministic = false}; };
  const CaseResult result = verified(testing::scaled_sum_problem({6, 40}), implementation);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.reason, StartsWith("y[3] is off"));
}

TEST(VerifyCase, TheEmulatorRunsThreeThreadOrders) {
  std::vector<simt::Order> orders;
  std::vector<std::uint64_t> seeds;
  const Implementation implementation =
      testing::spoiled_reference(kOperator, Direction::forward, [&](const Tensors&, int) {
        orders.push_back(simt::current_settings().order);
        seeds.push_back(simt::current_settings().seed);
      });
  CaseResult result =
      verified(testing::scaled_sum_problem({6, 40}), implementation, DeviceKind::emulated, {.seed = 42});
  EXPECT_EQ(result.outcome, Outcome::passed);
  if (simt::check_mode()) {  // once more, with threads preempted
    ASSERT_EQ(result.orders.size(), 4u);
    EXPECT_EQ(result.orders.back(), "preempted");
    EXPECT_EQ(orders.back(), simt::Order::random);
    result.orders.pop_back();
    orders.pop_back();
    seeds.pop_back();
  }
  EXPECT_THAT(result.orders, ElementsAre("forward", "reverse", "random"));
  EXPECT_THAT(orders, ElementsAre(simt::Order::forward, simt::Order::reverse, simt::Order::random));
  EXPECT_THAT(seeds, ElementsAre(42, 42, 42));
}

TEST(VerifyCase, TheOrderThatFailedIsNamed) {
  const CaseResult result = with_fault(
      [](const Tensors& t, int) {
        if (simt::current_settings().order == simt::Order::reverse) t.outputs[0].as<float>()[3] += 1;
      },
      DeviceKind::emulated);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.reason, EndsWith(" (threads in reverse order)"));
  EXPECT_THAT(result.orders, ElementsAre("forward", "reverse"));
}

TEST(VerifyCase, AnExceptionIsAFailureWithItsMessage) {
  const CaseResult launched = with_fault([](const Tensors&, int) { throw std::runtime_error("illegal address"); });
  EXPECT_EQ(launched.outcome, Outcome::failed);
  EXPECT_EQ(launched.reason, "illegal address");
  EXPECT_EQ(launched.failure.value_or(Failure{}).message, "illegal address");

  const CaseResult exhausted = with_fault([](const Tensors&, int) { throw std::bad_alloc(); });
  EXPECT_EQ(exhausted.outcome, Outcome::failed);
  EXPECT_EQ(exhausted.reason, "out of memory: more was asked for than the process may have");

  Implementation unprepared = testing::spoiled_reference(kOperator, Direction::forward);
  unprepared.prepare = [](const Problem&, const Tensors&, Device&) -> Launch { throw Error("no plan"); };
  const CaseResult prepared = verified(testing::scaled_sum_problem({6, 40}), unprepared);
  EXPECT_EQ(prepared.outcome, Outcome::failed);
  EXPECT_EQ(prepared.reason, "no plan");
}

TEST(VerifyCase, WhatTheContractRefusesIsRefused) {
  const CaseResult result =
      verified(testing::scaled_sum_problem({}), testing::spoiled_reference(kOperator, Direction::forward));
  EXPECT_EQ(result.outcome, Outcome::refused);
  EXPECT_EQ(result.reason, "scaled_sum(): x must have at least 1 dimension");
  EXPECT_FALSE(result.failure);
}

TEST(VerifyCase, WhatTheImplementationCannotTakeIsSkippedUnrun) {
  int launches = 0;
  Implementation implementation =
      testing::spoiled_reference(kOperator, Direction::forward, [&](const Tensors&, int) { ++launches; });
  implementation.unsupported = [](const Problem&, const Device&) { return std::optional<std::string>("no bf16 here"); };
  const CaseResult result = verified(testing::scaled_sum_problem({6, 40}), implementation);
  EXPECT_EQ(result.outcome, Outcome::skipped);
  EXPECT_EQ(result.reason, "no bf16 here");
  EXPECT_EQ(launches, 0);
  EXPECT_EQ(result.deterministic, Determinism::not_checked);
  EXPECT_THAT(result.orders, IsEmpty());
}

TEST(VerifyCase, AllImplementationsSeeTheSameData) {
  const auto data_of = [](const char* idea, std::uint64_t seed) {
    std::vector<float> seen;
    const Implementation implementation = testing::spoiled_reference(
        kOperator, Direction::forward,
        [&](const Tensors& t, int) { seen.assign(t.inputs[0].as<float>(), t.inputs[0].as<float>() + 240); }, idea);
    verified(testing::scaled_sum_problem({6, 40}), implementation, DeviceKind::cpu, {.seed = seed});
    return seen;
  };
  EXPECT_EQ(data_of("one", 1), data_of("another", 1));
  EXPECT_NE(data_of("one", 1), data_of("one", 2));
}

TEST(VerifyCase, CoverageIsPassedOn) {
  const auto judged = [](Coverage coverage) {
    return verified(testing::scaled_sum_problem({100, 40}), testing::spoiled_reference(kOperator, Direction::forward),
                    DeviceKind::cpu, {.coverage = coverage})
        .margins.elements_judged;
  };
  EXPECT_EQ(judged(Coverage::full), 4100);
  EXPECT_LT(judged(Coverage::sampled), 1300);
}

TEST(VerifyCase, OutcomesHaveTheNamesOfRecords) {
  const std::pair<Outcome, std::string_view> names[]{{Outcome::passed, "passed"},   {Outcome::failed, "failed"},
                                                     {Outcome::blind, "blind"},     {Outcome::skipped, "skipped"},
                                                     {Outcome::crashed, "crashed"}, {Outcome::timed_out, "timed_out"},
                                                     {Outcome::refused, "refused"}};
  for (const auto& [outcome, name] : names) EXPECT_EQ(name_of(outcome), name);
  EXPECT_EQ(name_of(Determinism::yes), "yes");
  EXPECT_EQ(name_of(Determinism::no), "no");
  EXPECT_EQ(name_of(Determinism::not_promised), "not_promised");
  EXPECT_EQ(name_of(Determinism::not_checked), "not_checked");
}

}  // namespace
}  // namespace lockstep
