// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/plan/testing/scaled_sum.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

/// A scaled sum whose contract refuses a scale below zero.
class RefusingOperator final : public testing::ScaledSumOperator {
 public:
  Signature signature(const Problem& problem) const override {
    if (problem.parameters.real("scale", 2.0) < 0) throw Refused("scale must not be negative");
    return ScaledSumOperator::signature(problem);
  }
};
const RefusingOperator kOperator;

CaseResult probe(const Implementation& implementation, const std::string& label) {
  const auto device = make_host_device(DeviceKind::cpu);
  const Problem origin = parse_problem("scaled_sum.forward", "x=2x3,dtype=f32");
  const Problem problem = parse_problem("scaled_sum.forward", label);
  return probe_refusal({&kOperator, &implementation, {problem, "fuzz", "test"}}, origin, *device, 1);
}

/// Asks its contract when it is prepared, as kernels do.
Implementation asking() {
  Implementation result = testing::spoiled_reference(kOperator, Direction::forward);
  result.prepare = [inner = result.prepare](const Problem& problem, const Tensors& tensors, Device& device) {
    kOperator.signature(problem);
    return inner(problem, tensors, device);
  };
  return result;
}

TEST(ProbeRefusal, AnImplementationThatAsksItsContractRefuses) {
  const CaseResult result = probe(asking(), "x=2x3,scale=_1,dtype=f32");
  EXPECT_EQ(result.outcome, Outcome::refused);
  EXPECT_EQ(result.reason, "scale must not be negative");
}

TEST(ProbeRefusal, AnImplementationThatComputesAllTheSameFails) {
  const CaseResult result =
      probe(testing::spoiled_reference(kOperator, Direction::forward), "x=2x3,scale=_1,dtype=f32");
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.reason, "computed what the contract refuses: scale must not be negative");
}

TEST(ProbeRefusal, WhereShapesDifferThereAreNoTensorsToComputeOn) {
  const CaseResult result =
      probe(testing::spoiled_reference(kOperator, Direction::forward), "x=4x3,scale=_1,dtype=f32");
  EXPECT_EQ(result.outcome, Outcome::refused);
}

TEST(ProbeRefusal, WhatAnImplementationDoesNotTakeIsSkipped) {
  Implementation implementation = asking();
  implementation.unsupported = [](const Problem&, const Device&) { return std::optional<std::string>("not here"); };
  EXPECT_EQ(probe(implementation, "x=2x3,scale=_1,dtype=f32").outcome, Outcome::skipped);
}

TEST(ProbeRefusal, WhatCannotBeReadIsRefusedToo) {
  const CaseResult result = probe(asking(), "x=2x3,scale=none,dtype=f32");
  EXPECT_EQ(result.outcome, Outcome::refused);
  EXPECT_THAT(result.reason, HasSubstr("scale=none"));
}

TEST(ProbeRefusal, SaysWhereTheContractTakesTheProblem) {
  const CaseResult result = probe(asking(), "x=2x3,scale=1,dtype=f32");
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.reason, "the contract takes this problem");
}

}  // namespace
}  // namespace lockstep
