// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/reference_implementation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/plan/case_inputs.hpp"
#include "harness/plan/testing/scaled_sum.hpp"
#include "harness/plan/verify.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

const testing::ScaledSumOperator kOperator;

TEST(ReferenceImplementation, ComputesTheFormulaInEveryDtypeAndLayout) {
  const auto device = make_host_device(DeviceKind::cpu);
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16})
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::strided, Layout::unaligned}) {
      Problem problem = testing::scaled_sum_problem({1, 2, 1, 3}, Direction::forward, dtype);
      problem.layout = layout;
      const Signature signature = kOperator.signature(problem);
      Values x(dtype, {1, 2, 1, 3});
      const double contents[] = {1, 2, 3, -1, 0.5, 4}, y[] = {12, 7}, z[] = {12, 24, 36, -7, 3.5, 28};
      for (std::int64_t i = 0; i < 6; ++i) x.set(i, contents[i]);
      std::vector<Values> values;
      values.push_back(std::move(x));
      const auto inputs = place_inputs(*device, problem, signature, values);
      const auto outputs = place_outputs(*device, problem, signature);
      const Tensors tensors{{inputs[0]->view()}, {outputs[0]->view(), outputs[1]->view()}};
      reference_implementation(kOperator, Direction::forward).prepare(problem, tensors, *device)();
      const auto got = [&](std::size_t output, std::int64_t i) {
        const TensorView& view = outputs[output]->view();
        return load_element(view.data, view.dtype, offset_of(i, view.shape, view.strides));
      };
      for (std::int64_t i = 0; i < 2; ++i) EXPECT_EQ(got(0, i), y[i]) << problem.label();
      for (std::int64_t i = 0; i < 6; ++i) EXPECT_EQ(got(1, i), z[i]) << problem.label();
      EXPECT_EQ(outputs[1]->damage(), std::nullopt) << problem.label();
    }
}

TEST(ReferenceImplementation, PassesUnderItsOwnContractOnManySeeds) {
  const auto device = make_host_device(DeviceKind::cpu);
  for (const Implementation& implementation : reference_implementations(kOperator))
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16})
      for (const Fill fill : {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special})
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
          Problem problem = testing::scaled_sum_problem({7, 65}, implementation.direction, dtype);
          problem.fill = fill;
          const CaseResult result =
              verify_case({&kOperator, &implementation, {problem, "", ""}}, *device, {.seed = seed});
          EXPECT_EQ(result.outcome, Outcome::passed)
              << problem.operation() << " " << problem.label() << " seed " << seed << ": " << result.reason;
          EXPECT_EQ(result.margins.exact_gate, fill == Fill::exact && implementation.direction == Direction::forward);
        }
}

TEST(ReferenceImplementation, BothDirectionsUnderOneName) {
  const std::vector<Implementation> both = reference_implementations(kOperator);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].direction, Direction::forward);
  EXPECT_EQ(both[1].direction, Direction::backward);
  for (const Implementation& one : both) {
    EXPECT_EQ(one.name(), "reference.plain_float");
    EXPECT_EQ(one.contract(testing::scaled_sum_problem({2, 3})).accumulation, DType::f32);
  }
}

TEST(ReferenceImplementation, SaysWhereItDoesNotRun) {
  const Implementation reference = reference_implementation(kOperator, Direction::forward);
  const auto cpu = make_host_device(DeviceKind::cpu), emulated = make_host_device(DeviceKind::emulated);
  EXPECT_EQ(reference.unsupported(testing::scaled_sum_problem({2, 3}), *cpu), std::nullopt);
  EXPECT_EQ(reference.unsupported(testing::scaled_sum_problem({2, 3}), *emulated), "the reference runs on the CPU");
  EXPECT_THAT(
      reference.unsupported(testing::scaled_sum_problem({2, 3}, Direction::forward, DType::f64), *cpu).value_or(""),
      HasSubstr("accepted: f32, f16, bf16"));
}

}  // namespace
}  // namespace lockstep
