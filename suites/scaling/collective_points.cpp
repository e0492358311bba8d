// SPDX-License-Identifier: Apache-2.0
#include "suites/scaling/collective_points.hpp"

#include "harness/measure/quietness.hpp"
#include "kernels/communicator/threads/run_ranks.hpp"

namespace lockstep {

std::vector<BandwidthPoint> measure_collectives(int ranks, const std::vector<std::int64_t>& payload_bytes, int pairs) {
  BandwidthPlan plan;
  plan.collectives = {Collective::all_reduce, Collective::all_gather, Collective::reduce_scatter,
                      Collective::broadcast};
  plan.payload_bytes = payload_bytes;
  plan.pairs = pairs;
  std::vector<BandwidthPoint> points;
  const bool idle_before = machine_is_quiet();
  run_ranks(ranks, [&](Communicator& communicator) {
    const std::unique_ptr<Device> host = make_host_device(DeviceKind::cpu);
    std::vector<BandwidthPoint> mine = measure_bandwidth(communicator, *host, plan);
    if (communicator.rank() == 0) points = std::move(mine);
  });
  const bool idle = machine_is_quiet() && idle_before;
  for (BandwidthPoint& point : points) point.quiet = point.quiet && idle;
  return points;
}

bool is_quiet(const BandwidthPoint& point) { return point.quiet && point.p95_over_median <= 2.0; }

}  // namespace lockstep
