// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/threads/thread_communicator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "harness/data/error.hpp"
#include "kernels/communicator/threads/run_ranks.hpp"

namespace lockstep {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;

std::vector<float> filled(std::int64_t count, float value) {
  return std::vector<float>(static_cast<std::size_t>(count), value);
}

TEST(ThreadCommunicator, SumsInTheOrderOfTheRanksWhateverTheSlice) {
  // 2^24 + 1 + 1 - 2^24 differs by order: ((2^24 + 1) + 1) - 2^24 = 0 in float, any other grouping gives 2 or 1.
  const float of_rank[] = {16777216.0f, 1.0f, 1.0f, -16777216.0f};
  for (const std::int64_t count : {1, 15, 17, 1000, 65537})
    run_ranks(4, [&](Communicator& ranks) {
      std::vector<float> values = filled(count, of_rank[ranks.rank()]);
      ranks.all_reduce(buffer_of(values));
      EXPECT_THAT(values, Each(0.0f)) << count;
    });
}

TEST(ThreadCommunicator, AccumulatesSixteenBitsInFloat) {
  run_ranks(3, [](Communicator& ranks) {
    // 256 + 1 + 1 is 258 in float; with a rounding to bfloat16 after each addition it would stay 256.
    std::vector<BFloat16> values(77, BFloat16::from(ranks.rank() == 0 ? 256 : 1));
    ranks.all_reduce(buffer_of(values));
    for (const BFloat16 value : values) ASSERT_EQ(to_float(value), 258.0f);
  });
}

TEST(ThreadCommunicator, MovesPartsWhereTheyBelong) {
  run_ranks(3, [](Communicator& ranks) {
    const std::int64_t me = ranks.rank();
    const std::vector<std::int64_t> mine{10 * me, 10 * me + 1, 10 * me + 2};
    std::vector<std::int64_t> all(9), exchanged(3), part(1), uneven(3), own(static_cast<std::size_t>(me), me);
    ranks.all_gather(buffer_of(mine), buffer_of(all));
    EXPECT_EQ(all, (std::vector<std::int64_t>{0, 1, 2, 10, 11, 12, 20, 21, 22}));
    ranks.all_to_all(buffer_of(mine), buffer_of(exchanged));
    EXPECT_EQ(exchanged, (std::vector<std::int64_t>{me, 10 + me, 20 + me}));
    ranks.reduce_scatter(buffer_of(mine), buffer_of(part));
    EXPECT_EQ(part[0], 30 + 3 * me);
    const std::vector<std::int64_t> counts{0, 1, 2};
    ranks.all_gather_uneven(buffer_of(std::as_const(own)), buffer_of(uneven), counts);
    EXPECT_EQ(uneven, (std::vector<std::int64_t>{1, 2, 2}));
    std::vector<std::int64_t> given = mine;
    ranks.broadcast(buffer_of(given), 2);
    EXPECT_EQ(given, (std::vector<std::int64_t>{20, 21, 22}));
    ranks.reduce_scatter(buffer_of(all), {all.data() + 3 * me, 3, DType::i64}, Reduction::max);
    EXPECT_EQ(all[static_cast<std::size_t>(3 * me + 2)], 10 * me + 2);
  });
}

TEST(ThreadCommunicator, ExchangesMessagesInAnyOrderThatCanWork) {
  run_ranks(2, [](Communicator& ranks) {
    const int other = 1 - ranks.rank();
    for (float round = 0; round < 3; ++round) {
      const std::vector<float> out = filled(1000, round + 10 * static_cast<float>(ranks.rank()));
      ranks.start_send(buffer_of(out), other).wait();
    }
    for (float round = 0; round < 3; ++round) {
      std::vector<float> in = filled(1000, -1);
      ranks.receive(buffer_of(in), other);
      EXPECT_THAT(in, Each(round + 10 * static_cast<float>(other)));
    }
  });
}

TEST(ThreadCommunicator, StartedCallsAreCarriedOutInOrderBesideComputation) {
  run_ranks(2, [](Communicator& ranks) {
    std::vector<std::vector<double>> buckets(20, std::vector<double>(999, ranks.rank() + 1));
    std::vector<Handle> handles;
    for (std::vector<double>& bucket : buckets) handles.push_back(ranks.start_all_reduce(buffer_of(bucket)));
    std::vector<double> last(3, 1);
    ranks.all_reduce(buffer_of(last));  // behind all of them
    for (Handle& handle : handles) {
      EXPECT_TRUE(handle.done());
      handle.wait();
    }
    for (const std::vector<double>& bucket : buckets) EXPECT_THAT(bucket, Each(3.0));
    EXPECT_THAT(last, Each(2.0));
    EXPECT_EQ(ranks.traffic(Collective::all_reduce).calls, 21);
    EXPECT_EQ(ranks.traffic(Collective::all_reduce).bytes, 20 * 999 * 8 + 3 * 8);
  });
}

TEST(ThreadCommunicator, DifferingCallsEndEveryRankWithOneText) {
  const auto failures = failures_of_ranks(3, [](Communicator& ranks) {
    ranks.barrier();
    ranks.set_step(4);
    ranks.set_label("bucket 2");
    std::vector<float> values = filled(ranks.rank() == 1 ? 511 : 512, 1);
    ranks.all_reduce(buffer_of(values));
  });
  EXPECT_THAT(failures, Each(AllOf(HasSubstr("the ranks' calls differ"),
                                   HasSubstr("rank 1 call 2 all_reduce(sum of 511 f32) in step 4, bucket 2"),
                                   HasSubstr("rank 2 call 2 all_reduce(sum of 512 f32) in step 4, bucket 2"))));
}

TEST(ThreadCommunicator, EveryKindOfDifferenceIsSeen) {
  using Body = std::function<void(Communicator&)>;
  std::vector<float> a = filled(4, 1), b = filled(4, 1);
  std::vector<std::int64_t> whole(2);
  const std::vector<std::pair<Body, Body>> pairs{
      {[&](Communicator& r) { r.all_reduce(buffer_of(a)); }, [&](Communicator& r) { r.broadcast(buffer_of(b), 0); }},
      {[&](Communicator& r) { r.all_reduce(buffer_of(a)); },
       [&](Communicator& r) { r.all_reduce(buffer_of(b), Reduction::max); }},
      {[&](Communicator& r) {
         r.all_reduce({a.data(), 2, DType::f32});
       },
       [&](Communicator& r) { r.all_reduce(buffer_of(whole)); }},
      {[&](Communicator& r) { r.broadcast(buffer_of(a), 0); }, [&](Communicator& r) { r.broadcast(buffer_of(b), 1); }},
      {[&](Communicator& r) { r.barrier(); }, [&](Communicator& r) { r.all_reduce(buffer_of(b)); }},
  };
  for (const auto& [zero, one] : pairs) {
    const auto failures = failures_of_ranks(2, [&](Communicator& r) { (r.rank() == 0 ? zero : one)(r); });
    EXPECT_THAT(failures, Each(HasSubstr("the ranks' calls differ")));
  }
}

TEST(ThreadCommunicator, MessagesThatDifferEndBothRanks) {
  const auto failures = failures_of_ranks(2, [](Communicator& ranks) {
    std::vector<float> values = filled(ranks.rank() == 0 ? 8 : 9, 1);
    if (ranks.rank() == 0) ranks.send(buffer_of(values), 1);
    if (ranks.rank() == 1) ranks.receive(buffer_of(values), 0);
    ranks.barrier();
  });
  EXPECT_THAT(failures, Each(AllOf(HasSubstr("message 1 receive(9 f32 from rank 0)"),
                                   HasSubstr("message 1 send(8 f32 to rank 1)"))));
}

TEST(ThreadCommunicator, ARankThatIsLateEndsTheOthersAndItselfWithinTheLimit) {
  const auto start = std::chrono::steady_clock::now();
  const auto failures = failures_of_ranks(3,
                                          [](Communicator& ranks) {
                                            if (ranks.rank() == 2)
                                              std::this_thread::sleep_for(std::chrono::milliseconds(600));
                                            ranks.set_label("late");
                                            ranks.barrier();
                                          },
                                          {.arrival_limit_seconds = 0.1});
  EXPECT_THAT(failures, Each(AllOf(HasSubstr("waited 0.1 s at call 1 barrier, late for rank 2"))));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(ThreadCommunicator, BuffersThatARankCannotMeanAreItsOwnError) {
  run_ranks(1, [](Communicator& ranks) {
    std::vector<float> values = filled(8, 1);
    const std::vector<std::int64_t> counts{9};
    EXPECT_THROW(ranks.all_reduce({values.data(), 4, DType::f32}, {values.data() + 1, 4, DType::f32}), Error);
    EXPECT_THROW(ranks.all_reduce({values.data(), 4, DType::f32}, {values.data(), 4, DType::f64}), Error);
    EXPECT_THROW(ranks.all_reduce({values.data(), 4, DType::u8}), Error);
    EXPECT_THROW(ranks.all_reduce({nullptr, 4, DType::f32}), Error);
    EXPECT_THROW(ranks.broadcast(buffer_of(values), 1), Error);
    EXPECT_THROW(ranks.send(buffer_of(values), 0), Error);
    EXPECT_THROW(ranks.all_gather_uneven(buffer_of(values), buffer_of(values), counts), Error);
    EXPECT_THROW(ranks.all_to_all(buffer_of(values), buffer_of(values)), Error);
    EXPECT_EQ(ranks.total_traffic().calls, 0);
  });
}

}  // namespace
}  // namespace lockstep
