// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/memory_faults.hpp"

#include <gtest/gtest.h>

#include "harness/plan/testing/scaled_sum.hpp"
#include "harness/plan/verify.hpp"

namespace lockstep {
namespace {

const testing::ScaledSumOperator kOperator;

std::vector<FaultTrial> tried(const Problem& problem) {
  std::vector<FaultTrial> trials;
  add_memory_faults(kOperator, problem, 1, trials);
  return trials;
}

/// What the faults are planted behind: if this failed, "caught" would say nothing.
Outcome undamaged(const Problem& problem) {
  const auto device = make_host_device(DeviceKind::cpu);
  const Implementation reference = reference_implementation(kOperator, problem.direction);
  return verify_case({&kOperator, &reference, {problem, "", ""}}, *device, {.seed = 1}).outcome;
}

TEST(MemoryFaults, AllAreCaughtInEveryDtypeLayoutAndFill) {
  for (const Direction direction : {Direction::forward, Direction::backward})
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16})
      for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::strided, Layout::unaligned})
        for (const Fill fill : {Fill::normal, Fill::exact, Fill::special}) {
          Problem problem = testing::scaled_sum_problem({2, 3, 2, 9}, direction, dtype);
          problem.layout = layout;
          problem.fill = fill;
          ASSERT_EQ(undamaged(problem), Outcome::passed) << problem.label();
          const std::vector<FaultTrial> trials = tried(problem);
          ASSERT_EQ(trials.size(), 5u);
          for (const FaultTrial& trial : trials)
            EXPECT_TRUE(trial.applies && trial.caught)
                << problem.operation() << " " << problem.label() << " " << trial.fault;
        }
}

TEST(MemoryFaults, NoneAppliesWhereTheReferenceDoesNotRun) {
  const Problem problem = testing::scaled_sum_problem({2, 3}, Direction::forward, DType::f64);
  ASSERT_EQ(undamaged(problem), Outcome::skipped);
  for (const FaultTrial& trial : tried(problem)) EXPECT_FALSE(trial.applies) << trial.fault;
}

}  // namespace
}  // namespace lockstep
