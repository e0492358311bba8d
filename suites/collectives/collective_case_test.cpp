// SPDX-License-Identifier: Apache-2.0
#include "suites/collectives/collective_case.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/communicator/threads/run_ranks.hpp"

namespace lockstep {
namespace {

class CollectivesOnThreads : public testing::TestWithParam<int> {};

TEST_P(CollectivesOnThreads, EveryResultIsExact) {
  const std::vector<CollectiveCase> cases = collective_cases(GetParam());
  EXPECT_GT(cases.size(), 600u);
  run_ranks(GetParam(), [&](Communicator& ranks) {
    const std::unique_ptr<Device> host = make_host_device(DeviceKind::cpu);
    std::uint64_t seed = 20261121;
    for (const CollectiveCase& problem : cases) {
      ranks.set_label(label_of(problem));
      EXPECT_EQ(check_collective(ranks, *host, problem, seed++), "");
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Ranks, CollectivesOnThreads, testing::Values(1, 2, 3, 4, 8),
                         testing::PrintToStringParamName());

TEST(CollectiveCase, SaysWhichElementIsWrong) {
  // A rank that reduces with another seed gives other numbers of the right shape.
  const auto failures = failures_of_ranks(2, [](Communicator& ranks) {
    const std::unique_ptr<Device> host = make_host_device(DeviceKind::cpu);
    const CollectiveCase problem{.collective = Collective::all_reduce, .dtype = DType::f32, .count = 10};
    const std::string wrong = check_collective(ranks, *host, problem, static_cast<std::uint64_t>(ranks.rank()));
    EXPECT_THAT(wrong, testing::StartsWith("rank " + std::to_string(ranks.rank()) +
                                           ": all_reduce/sum,count=10,dtype=f32: 10 of 10 outputs are wrong, the first "
                                           "at 0: expected "));
  });
  EXPECT_THAT(failures, testing::Each(""));
}

TEST(CollectiveCase, HasALabelThatNamesEveryAxis) {
  EXPECT_EQ(label_of(CollectiveCase{.collective = Collective::all_reduce,
                                    .reduction = Reduction::max,
                                    .dtype = DType::bf16,
                                    .count = 3,
                                    .in_place = true,
                                    .started = true}),
            "all_reduce/max,count=3,dtype=bf16,in_place,started");
}

}  // namespace
}  // namespace lockstep
