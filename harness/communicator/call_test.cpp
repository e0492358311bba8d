// SPDX-License-Identifier: Apache-2.0
#include "harness/communicator/call.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Call, SaysWhatItIs) {
  Call call{.collective = Collective::all_reduce, .dtype = DType::f32, .count = 1024};
  call.number = 12;
  EXPECT_EQ(describe(call), "call 12 all_reduce(sum of 1024 f32)");
  call.step = 0;
  call.label = "bucket 2";
  EXPECT_EQ(describe(call), "call 12 all_reduce(sum of 1024 f32) in step 0, bucket 2");
  call.collective = Collective::send;
  call.peer = 1;
  EXPECT_EQ(describe(call), "message 12 send(1024 f32 to rank 1) in step 0, bucket 2");
}

TEST(Call, BelongsOnlyToItsLike) {
  const Call call{.collective = Collective::reduce_scatter, .dtype = DType::f32, .count = 8};
  Call other = call;
  other.step = 3;  // says nothing about the call itself
  EXPECT_TRUE(matches(call, other));
  other.number = 1;
  EXPECT_FALSE(matches(call, other));
  other = call;
  other.reduction = Reduction::min;
  EXPECT_FALSE(matches(call, other));
  other = call;
  other.dtype = DType::f64;
  EXPECT_FALSE(matches(call, other));
  other = call;
  other.count = 9;
  EXPECT_FALSE(matches(call, other));
  Call uneven{.collective = Collective::all_gather_uneven, .count = 1};
  uneven.counts = {1, 2};
  other = uneven;
  other.count = 2;  // the other rank's own part
  EXPECT_TRUE(matches(uneven, other));
  other.counts = {1, 3};
  EXPECT_FALSE(matches(uneven, other));
}

TEST(Call, BusFactorsAreThoseOfNcclTests) {
  EXPECT_DOUBLE_EQ(bus_factor(Collective::all_reduce, 8), 1.75);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::reduce_scatter, 8), 0.875);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::all_to_all, 4), 0.75);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::broadcast, 8), 1);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::all_reduce, 1), 0);
}

}  // namespace
}  // namespace lockstep
