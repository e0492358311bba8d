// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/planted_fault.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "harness/simt/execution.hpp"
#include "harness/simt/port.cuh"
#include "harness/simt/settings.hpp"

namespace lockstep::emulated {
namespace {

using simt::PlantedFault;
using simt::PlantedFaultScope;

/// Two barriers: the first keeps readers from what is not written yet, the second is good for nothing.
__global__ void reverse_through_shared_memory(const float* in, float* out) {
  LOCKSTEP_SHARED(float, values, [64]);
  values[threadIdx.x] = in[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = values[63 - threadIdx.x];
  __syncthreads();
}

__global__ void sum_of_warp(float* out) {
  auto value = static_cast<float>(threadIdx.x);
  value += __shfl_xor_sync(0xffffffffu, value, 16);
  value += __shfl_xor_sync(0xffffu << (threadIdx.x & 16u), value, 8);
  out[threadIdx.x] = value;
}

std::vector<float> reversed(simt::Order order) {
  std::vector<float> in(64), out(64);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
  const simt::SettingsScope scope({.order = order});
  launch(reverse_through_shared_memory, {1, 64}, nullptr, in.data(), out.data());
  return out;
}

TEST(PlantedFault, ARemovedBarrierShowsInEachOrderWhereItIsNeeded) {
  for (const simt::Order order : {simt::Order::forward, simt::Order::reverse, simt::Order::random}) {
    const std::vector<float> right = reversed(order);
    EXPECT_EQ(right[0], 63.0f);
    for (const int place : {0, 1, 2}) {
      PlantedFaultScope planted(PlantedFault::barrier_removed, place);
      EXPECT_FALSE(planted.was_reached());
      EXPECT_EQ(reversed(order) == right, place != 0) << place;
      EXPECT_EQ(planted.was_planted(), place < 2) << place;
      EXPECT_EQ(planted.was_reached(), place < 2) << place;
    }
    EXPECT_EQ(reversed(order), right) << "the scope has ended";
  }
}

TEST(PlantedFault, AnAbsentLaneIsReportedAtEachShuffle) {
  std::vector<float> out(32);
  const auto run = [&] { launch(sum_of_warp, {1, 32}, nullptr, out.data()); };
  run();
  for (const int place : {0, 1}) {
    PlantedFaultScope planted(PlantedFault::lane_absent, place);
    EXPECT_THROW(run(), simt::KernelFault) << place;
    EXPECT_TRUE(planted.was_planted());
  }
  PlantedFaultScope planted(PlantedFault::lane_absent, 2);
  EXPECT_NO_THROW(run());
  EXPECT_FALSE(planted.was_reached());
  EXPECT_THROW(PlantedFaultScope(PlantedFault::lane_absent, 0), Error) << "two at once";
}

}  // namespace
}  // namespace lockstep::emulated
