// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/plan/stress_case.hpp"
#include "harness/plan/testing/scaled_sum.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

const testing::ScaledSumOperator kOperator;

StressFinding far(const Implementation& implementation, const Shape& shape = {5, 40},
                  Direction direction = Direction::forward) {
  const auto device = make_host_device(DeviceKind::emulated);
  const Problem problem = testing::scaled_sum_problem(shape, direction);
  return stress_far_strides({&kOperator, &implementation, {problem, "smoke", "test"}}, *device, {});
}
StressFinding far_with(testing::Afterwards fault) {
  return far(testing::spoiled_reference(kOperator, Direction::forward, std::move(fault)));
}

TEST(FarStrides, ARightImplementationPasses) {
  for (const Direction direction : {Direction::forward, Direction::backward})
    for (const Shape& shape : {Shape{5, 40}, Shape{2, 3, 7}}) {
      const StressFinding finding = far(testing::spoiled_reference(kOperator, direction), shape, direction);
      EXPECT_EQ(finding.outcome, Outcome::passed) << finding.reason;
    }
}

TEST(FarStrides, WhatIsWrongInTheLastRowFails) {
  const StressFinding finding = far_with([](const Tensors& tensors, int) {
    const TensorView& z = tensors.outputs[1];
    z.as<float>()[4 * z.strides[0] + 3] += 1;
  });
  EXPECT_EQ(finding.outcome, Outcome::failed);
  EXPECT_THAT(finding.reason, HasSubstr("z[4, 3]"));
}

TEST(FarStrides, RowsThatAreNeverWrittenFail) {
  // What an index of 32 bits does: the last row ends up at the wrong place, here beside the second one.
  const StressFinding finding = far_with([](const Tensors& tensors, int) {
    const TensorView& z = tensors.outputs[1];
    z.as<float>()[z.strides[0] + 40] = 1;
  });
  EXPECT_EQ(finding.outcome, Outcome::failed);
  EXPECT_THAT(finding.reason, HasSubstr("z: bytes written behind row 1"));
}

TEST(FarStrides, InputsAreComparedBeforeAndAfter) {
  const StressFinding finding = far_with([](const Tensors& tensors, int) {
    const TensorView& x = tensors.inputs[0];
    x.as<float>()[3 * x.strides[0]] += 1;
  });
  EXPECT_THAT(finding.reason, HasSubstr("input x was overwritten"));
}

TEST(FarStrides, SaysWhyItCannotBeTried) {
  EXPECT_THAT(far(testing::spoiled_reference(kOperator, Direction::forward), {40}).reason, HasSubstr("no tensor"));
  Implementation picky = testing::spoiled_reference(kOperator, Direction::forward);
  picky.unsupported = [](const Problem& problem, const Device&) {
    return problem.layout == Layout::strided ? std::optional<std::string>("dense rows only") : std::nullopt;
  };
  const StressFinding finding = far(picky);
  EXPECT_EQ(finding.outcome, Outcome::skipped);
  EXPECT_EQ(finding.reason, "dense rows only");
}

}  // namespace
}  // namespace lockstep
