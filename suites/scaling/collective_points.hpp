// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "suites/collectives/bandwidth.hpp"

namespace lockstep {

/// all_reduce, all_gather, reduce_scatter and broadcast between ranks that are threads, on host memory, by payload, beside
/// copies by all ranks. Every collective is checked by exact data first; throws Error where its numbers are wrong.
std::vector<BandwidthPoint> measure_collectives(int ranks, const std::vector<std::int64_t>& payload_bytes, int pairs);

/// The share of the copy ceiling that a sum over ranks must reach at 1, 4 and 16 MiB.
inline constexpr double kLeastFractionOfCopy = 0.85;

/// Its probes found the machine idle, and its 95th percentile is at most twice its median.
bool is_quiet(const BandwidthPoint& point);

}  // namespace lockstep
