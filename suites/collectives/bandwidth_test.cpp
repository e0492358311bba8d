// SPDX-License-Identifier: Apache-2.0
#include "suites/collectives/bandwidth.hpp"

#include <gtest/gtest.h>

#include "harness/communicator/planted_faults.hpp"
#include "harness/data/error.hpp"
#include "kernels/communicator/threads/run_ranks.hpp"

namespace lockstep {
namespace {

std::vector<BandwidthPoint> measured(int ranks, BandwidthPlan plan) {
  plan.pairs = 3;
  plan.sample_seconds = 1e-4;
  std::vector<BandwidthPoint> points;
  run_ranks(ranks, [&](Communicator& communicator) {
    const std::unique_ptr<Device> host = make_host_device(DeviceKind::cpu);
    std::vector<BandwidthPoint> mine = measure_bandwidth(communicator, *host, plan);
    if (communicator.rank() == 0) points = std::move(mine);
  });
  return points;
}

TEST(Bandwidth, FollowsTheDefinitionsOfNcclTests) {
  const auto points =
      measured(4, {.collectives = {Collective::all_reduce, Collective::all_gather, Collective::broadcast},
                   .payload_bytes = {1000, 65536}});
  ASSERT_EQ(points.size(), 6u);
  for (const BandwidthPoint& point : points) {
    EXPECT_EQ(point.samples_seconds.size(), 3u);
    EXPECT_DOUBLE_EQ(point.algorithm_bandwidth, static_cast<double>(point.payload_bytes) / point.median_seconds);
    EXPECT_DOUBLE_EQ(point.bus_bandwidth, point.algorithm_bandwidth * bus_factor(point.collective, 4));
    EXPECT_GT(point.copy_bandwidth, 0);
    EXPECT_GT(point.fraction_of_copy, 0);
    EXPECT_GE(point.p95_over_median, 1);
  }
  EXPECT_EQ(points[2].payload_bytes, 992);  // whole parts of 4 bytes for 4 ranks
}

TEST(Bandwidth, OneRankHasNoBusBandwidth) {
  const auto points = measured(1, {.payload_bytes = {4096}});
  EXPECT_EQ(points[0].bus_bandwidth, 0);
  EXPECT_EQ(points[0].fraction_of_copy, 0);
}

TEST(Bandwidth, WhatIsUnreportableHasNone) {
  const auto points = measured(2, {.payload_bytes = {4096}, .unreportable = "two ranks share a GPU"});
  EXPECT_EQ(points[0].unreportable, "two ranks share a GPU");
  EXPECT_EQ(points[0].bus_bandwidth + points[0].algorithm_bandwidth + points[0].copy_bandwidth, 0);
  EXPECT_EQ(points[0].fraction_of_copy, 0);
}

TEST(Bandwidth, AWrongResultHasNoBandwidth) {
  const auto body = [](Communicator& transport) {
    const std::unique_ptr<Device> host = make_host_device(DeviceKind::cpu);
    PlantedFaults faulty(transport, {{.fault = CommunicationFault::wrong_element}});
    measure_bandwidth(faulty, *host, {.payload_bytes = {4096}});
  };
  EXPECT_THROW(run_ranks(2, body), Error);
}

TEST(Bandwidth, ARequestThatCannotBeMeasuredIsAnError) {
  EXPECT_THROW(measured(2, {.payload_bytes = {3}}), Error);
  EXPECT_THROW(measured(2, {.collectives = {Collective::send}, .payload_bytes = {4096}}), Error);
}

}  // namespace
}  // namespace lockstep
