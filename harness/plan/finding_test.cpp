// SPDX-License-Identifier: Apache-2.0
// Every finding is made by a real fault, so that words which change where they are said are noticed here.
#include "harness/plan/finding.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <new>

#include "harness/plan/testing/scaled_sum.hpp"

namespace lockstep {
namespace {

const testing::ScaledSumOperator kOperator;

std::string finding(testing::Afterwards fault, Layout layout = Layout::contiguous, Fill fill = Fill::normal) {
  Problem problem = testing::scaled_sum_problem({6, 40});
  problem.layout = layout;
  problem.fill = fill;
  const Implementation implementation = testing::spoiled_reference(kOperator, Direction::forward, std::move(fault));
  const auto device = make_host_device(DeviceKind::cpu);
  return finding_of(verify_case({&kOperator, &implementation, {problem, "smoke", "test"}}, *device, {}));
}

std::uint8_t* bytes_of(const TensorView& view) { return view.as<std::uint8_t>(); }

TEST(Finding, SaysWhatWentWrongWithoutSayingWhere) {
  EXPECT_EQ(finding([](const Tensors&, int) {}), "");
  const auto wrong = [](const Tensors& t, int) { t.outputs[0].as<float>()[3] += 1; };
  EXPECT_EQ(finding(wrong), "failed: a wrong value");
  EXPECT_EQ(finding(wrong, Layout::contiguous, Fill::exact), "failed: a wrong value");
  EXPECT_EQ(finding([](const Tensors& t, int) { t.outputs[0].as<float>()[3] = std::nanf(""); }),
            "failed: a number of another kind");
  EXPECT_EQ(finding([](const Tensors& t, int) { t.outputs[1].as<std::uint32_t>()[47] = 0xffffffffu; }),
            "failed: an element never written");
  EXPECT_EQ(finding([](const Tensors& t, int) { bytes_of(t.outputs[0])[-1] ^= 1; }),
            "failed: written outside of an output");
  EXPECT_EQ(finding([](const Tensors& t, int) { bytes_of(t.outputs[1])[240 * 4] ^= 1; }),
            "failed: written outside of an output");
  EXPECT_EQ(finding([](const Tensors& t, int) { bytes_of(t.outputs[1])[40 * 4] ^= 1; }, Layout::strided),
            "failed: written outside of an output");
  EXPECT_EQ(finding([](const Tensors& t, int launch) { bytes_of(t.inputs[0])[240 * 4] ^= launch == 0 ? 1 : 0; }),
            "failed: written outside of an input");
  EXPECT_EQ(finding([](const Tensors& t, int launch) { t.inputs[0].as<float>()[0] += launch == 1 ? 1 : 0; }),
            "failed: an input overwritten");
  EXPECT_EQ(finding([](const Tensors& t, int launch) { bytes_of(t.outputs[0])[0] ^= launch == 1 ? 1 : 0; }),
            "failed: other bits in another launch");
  EXPECT_EQ(finding([](const Tensors&, int) { throw std::bad_alloc(); }), "failed: out of memory");
  EXPECT_EQ(finding([](const Tensors&, int) { throw std::runtime_error("thread 17 of block 3:\n0.25 at row 12"); }),
            "failed: thread # of block #: # at row #");
}

TEST(Finding, TellsSignalsApartAndKnowsWhatIsNoFault) {
  CaseResult result;
  result.outcome = Outcome::crashed;
  result.reason = "the worker was killed by signal 9 (Killed), perhaps for memory";
  EXPECT_EQ(finding_of(result), "crashed: the worker was killed by signal 9 (Killed)");
  result.reason = "the worker was killed by signal 11 (Segmentation fault)";
  EXPECT_EQ(finding_of(result), "crashed: the worker was killed by signal 11 (Segmentation fault)");
  result.outcome = Outcome::timed_out;
  EXPECT_EQ(finding_of(result), "timed_out");
  for (const Outcome outcome : {Outcome::passed, Outcome::skipped, Outcome::refused, Outcome::blind}) {
    result.outcome = outcome;
    EXPECT_EQ(finding_of(result), "");
  }
}

}  // namespace
}  // namespace lockstep
