// SPDX-License-Identifier: Apache-2.0
#include "harness/communicator/communicator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/communicator/testing/recording_communicator.hpp"
#include "harness/data/error.hpp"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Communicator, NumbersCollectivesAndMessagesApart) {
  RecordingCommunicator ranks(0, 3);
  std::vector<float> values(6);
  ranks.barrier();
  ranks.send(buffer_of(values), 1);
  ranks.send(buffer_of(values), 2);
  ranks.send(buffer_of(values), 1);
  ranks.receive(buffer_of(values), 1);
  ranks.start_all_reduce(buffer_of(values)).wait();
  EXPECT_THAT(ranks.numbers(), ElementsAre(1, 1, 1, 2, 1, 2));
}

TEST(Communicator, CountsCallsAndPayload) {
  RecordingCommunicator ranks(0, 3);
  std::vector<double> part(2), whole(6), uneven(5);
  const std::vector<std::int64_t> counts{2, 0, 3};
  ranks.all_reduce(buffer_of(whole));
  ranks.reduce_scatter(buffer_of(whole), buffer_of(part));
  ranks.all_gather(buffer_of(part), buffer_of(whole));
  ranks.all_gather_uneven(buffer_of(part), buffer_of(uneven), counts);
  ranks.barrier();
  EXPECT_EQ(ranks.traffic(Collective::reduce_scatter).bytes, 48);
  EXPECT_EQ(ranks.traffic(Collective::all_gather).bytes, 48);
  EXPECT_EQ(ranks.traffic(Collective::all_gather_uneven).bytes, 40);
  EXPECT_EQ(ranks.total_traffic().calls, 5);
  EXPECT_EQ(ranks.total_traffic().bytes, 48 + 48 + 48 + 40);
  ranks.reset_traffic();
  EXPECT_EQ(ranks.total_traffic().calls, 0);
}

TEST(Communicator, ARejectedCallNamesRankCallStepAndLabel) {
  RecordingCommunicator ranks(2, 3);
  std::vector<float> values(7), part(2);
  ranks.set_step(5);
  ranks.set_label("bucket 1");
  EXPECT_THAT(error_of([&] { ranks.reduce_scatter(buffer_of(values), buffer_of(part)); }),
              testing::AllOf(HasSubstr("rank 2: "), HasSubstr("reduce_scatter(sum of 2 f32) in step 5, bucket 1"),
                             HasSubstr("it reads 7 elements and writes 2")));
}

TEST(Communicator, TakesInPlaceWhereItIsDefinedAndNoOtherOverlap) {
  RecordingCommunicator ranks(1, 2);
  std::vector<float> whole(8);
  const auto at = [&](std::int64_t first, std::int64_t count) {
    return Buffer{whole.data() + first, count, DType::f32};
  };
  ranks.all_reduce(at(0, 8));
  ranks.all_gather(at(4, 4), at(0, 8));
  ranks.reduce_scatter(at(0, 8), at(4, 4));
  EXPECT_EQ(ranks.calls().size(), 3u);
  EXPECT_THAT(error_of([&] { ranks.all_reduce(at(0, 4), at(1, 4)); }), HasSubstr("overlap"));
  EXPECT_THAT(error_of([&] { ranks.all_gather(at(0, 4), at(0, 8)); }), HasSubstr("overlap"));
  EXPECT_THAT(error_of([&] { ranks.reduce_scatter(at(0, 8), at(0, 4)); }), HasSubstr("overlap"));
  EXPECT_THAT(error_of([&] { ranks.all_to_all(at(0, 8), at(0, 8)); }), HasSubstr("accepted: buffers that lie apart"));
}

TEST(Communicator, AHandleThatIsDroppedWaits) {
  RecordingCommunicator ranks(0, 2);
  std::vector<float> values(3);
  for (int call = 0; call < 100; ++call) static_cast<void>(ranks.start_all_reduce(buffer_of(values)));
  EXPECT_EQ(ranks.calls().size(), 100u);
}

TEST(Communicator, AStridedTensorIsNoBuffer) {
  float values[6] = {};
  EXPECT_EQ(buffer_of(TensorView{values, DType::f32, {2, 3}, {3, 1}}).count, 6);
  EXPECT_THROW(buffer_of(TensorView{values, DType::f32, {2, 2}, {3, 1}}), Error);
}

}  // namespace
}  // namespace lockstep
