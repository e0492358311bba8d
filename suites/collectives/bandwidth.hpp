// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/communicator/communicator.hpp"
#include "harness/device/device.hpp"

namespace lockstep {

/// Where the buffers of a measurement lie, and how one is copied into another there. The default: host memory on huge
/// pages, first written by the rank that owns it, and memcpy.
struct BandwidthMemory {
  std::function<std::shared_ptr<void>(std::size_t bytes)> allocate;
  std::function<void(void* to, const void* from, std::size_t bytes)> copy;
};
BandwidthMemory host_memory();

struct BandwidthPlan {
  std::vector<Collective> collectives = {Collective::all_reduce};
  DType dtype = DType::f32;
  /// payload_bytes of a call; rounded down to whole parts.
  std::vector<std::int64_t> payload_bytes = {1 << 20, 4 << 20, 16 << 20};
  int pairs = 9;
  /// A sample repeats calls until it lasts about this long.
  double sample_seconds = 5e-3;
  /// Why a bandwidth from here says nothing, such as several ranks on one GPU; empty where it does.
  std::string unreportable = {};
};

/// Calls and copies took turns, `pairs` times, each timed on every rank and the slowest rank counted.
struct BandwidthPoint {
  Collective collective = Collective::all_reduce;
  DType dtype = DType::f32;
  int ranks = 0;
  std::int64_t payload_bytes = 0;
  /// Of one call, by sample, in the order taken.
  std::vector<double> samples_seconds = {};
  double median_seconds = 0;
  /// 95th percentile over median: above about 2 something else used the machine.
  double p95_over_median = 0;
  /// payload / median, and that times bus_factor: bytes per second as nccl-tests prints them.
  double algorithm_bandwidth = 0;
  double bus_bandwidth = 0;
  /// Bytes per second that a rank copies while all ranks copy the payload from one buffer to another.
  double copy_bandwidth = 0;
  /// Median over pairs of the copy's seconds x bus_factor over the call's seconds: 1 where the collective moves its bytes
  /// at the speed of a copy. 0 for one rank, and for barrier.
  double fraction_of_copy = 0;
  bool quiet = true;
  /// Where not empty, bandwidths are 0 and this says why.
  std::string unreportable = {};
};

/// To be called by all ranks together; all get the same points. Each problem is checked by exact data first: a collective
/// that gives wrong numbers throws Error and has no bandwidth. `device`: where `memory` lies. Not for send and receive.
std::vector<BandwidthPoint> measure_bandwidth(Communicator& ranks, Device& device, const BandwidthPlan& plan,
                                              const BandwidthMemory& memory = host_memory());

}  // namespace lockstep
