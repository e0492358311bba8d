// SPDX-License-Identifier: Apache-2.0
#include "suites/collectives/bandwidth.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>

#include "harness/data/error.hpp"
#include "harness/measure/measurement.hpp"
#include "harness/measure/quietness.hpp"
#include "suites/collectives/collective_case.hpp"

namespace lockstep {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::shared_ptr<void> allocate_on_huge_pages(std::size_t bytes) {
  const std::size_t whole = std::max<std::size_t>(1, (bytes + kHugePage - 1) / kHugePage) * kHugePage;
  void* memory = std::aligned_alloc(kHugePage, whole);
  if (!memory) throw std::bad_alloc();
  madvise(memory, whole, MADV_HUGEPAGE);  // where the system has none, ordinary pages serve
  std::memset(memory, 0, whole);          // here, so that the pages lie near the rank that uses them
  return {memory, std::free};
}

double seconds_of(const std::function<void()>& call, int iterations) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < iterations; ++i) call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / iterations;
}

/// Measures one point; every rank has one and all take the same decisions from the same numbers.
class PointMeasurement {
 public:
  PointMeasurement(Communicator& ranks, const BandwidthPlan& plan, const BandwidthMemory& memory)
      : ranks_(ranks), plan_(plan), memory_(memory) {}

  BandwidthPoint measure(Collective collective, std::int64_t payload) {
    BandwidthPoint point = sized(collective, payload);
    const auto bytes = static_cast<std::size_t>(point.payload_bytes);
    const std::shared_ptr<void> in = memory_.allocate(bytes), out = memory_.allocate(bytes);
    const std::int64_t elements = point.payload_bytes / static_cast<std::int64_t>(size_in_bytes(point.dtype));
    const auto call = [&] { make_call(collective, in.get(), out.get(), elements); };
    const auto copy = [&] { memory_.copy(out.get(), in.get(), bytes); };
    const int calls = iterations_for(call), copies = iterations_for(copy);
    std::vector<double> copy_seconds, fractions;
    point.quiet = machine_is_quiet_for_all();
    for (int pair = 0; pair < plan_.pairs; ++pair) {
      point.samples_seconds.push_back(slowest(call, calls));
      copy_seconds.push_back(slowest(copy, copies));
      fractions.push_back(copy_seconds.back() / point.samples_seconds.back() * bus_factor(collective, point.ranks));
    }
    point.quiet = machine_is_quiet_for_all() && point.quiet;
    summarise(point, copy_seconds, fractions);
    return point;
  }

  /// What is measured is right: exact data of the same size, before it is timed.
  void check(Collective collective, std::int64_t payload, Device& device) {
    const BandwidthPoint point = sized(collective, payload);
    const std::int64_t elements = point.payload_bytes / static_cast<std::int64_t>(size_in_bytes(point.dtype));
    CollectiveCase problem{.collective = collective, .dtype = plan_.dtype, .count = elements / parts_of(collective)};
    const std::string wrong = check_collective(ranks_, device, problem, 1);
    if (!wrong.empty()) throw Error(wrong);
  }

 private:
  std::int64_t parts_of(Collective collective) const {
    switch (collective) {
      case Collective::reduce_scatter:
      case Collective::all_gather:
      case Collective::all_to_all: return ranks_.size();
      default: return 1;
    }
  }

  BandwidthPoint sized(Collective collective, std::int64_t payload) const {
    const std::int64_t part = parts_of(collective) * static_cast<std::int64_t>(size_in_bytes(plan_.dtype));
    BandwidthPoint point{.collective = collective, .dtype = plan_.dtype, .ranks = ranks_.size()};
    point.payload_bytes = payload / part * part;
    if (point.payload_bytes <= 0)
      throw Error("bandwidth: a payload of " + std::to_string(payload) + " bytes; accepted: at least " +
                  std::to_string(part));
    point.unreportable = plan_.unreportable;
    return point;
  }

  void make_call(Collective collective, void* in, void* out, std::int64_t elements) {
    const std::int64_t part = elements / parts_of(collective);
    const DType dtype = plan_.dtype;
    switch (collective) {
      case Collective::all_reduce: return ranks_.all_reduce({in, elements, dtype}, {out, elements, dtype});
      case Collective::reduce_scatter: return ranks_.reduce_scatter({in, elements, dtype}, {out, part, dtype});
      case Collective::all_gather: return ranks_.all_gather({in, part, dtype}, {out, elements, dtype});
      case Collective::all_to_all: return ranks_.all_to_all({in, elements, dtype}, {out, elements, dtype});
      case Collective::broadcast: return ranks_.broadcast({in, elements, dtype}, 0);
      case Collective::barrier: return ranks_.barrier();
      default: break;
    }
    throw Error("bandwidth: " + std::string(name_of(collective)) +
                "; accepted: all_reduce, reduce_scatter, all_gather, all_to_all, broadcast, barrier");
  }

  double over_ranks(double value, Reduction reduction) {
    const std::shared_ptr<void> cell = memory_.allocate(sizeof value);
    memory_.copy(cell.get(), &value, sizeof value);
    ranks_.all_reduce({cell.get(), 1, DType::f64}, reduction);
    memory_.copy(&value, cell.get(), sizeof value);
    return value;
  }

  double slowest(const std::function<void()>& call, int iterations) {
    ranks_.barrier();
    return over_ranks(seconds_of(call, iterations), Reduction::max);
  }

  int iterations_for(const std::function<void()>& call) {
    slowest(call, 2);  // the first calls map pages and start threads
    const double once = slowest(call, 3);
    return static_cast<int>(std::clamp(std::ceil(plan_.sample_seconds / once), 1.0, 10000.0));
  }

  /// Asked on one rank, since the probe is for one thread. The others sleep longer than it takes: those that wait in a
  /// meeting may poll there, and would be taken for neighbours.
  bool machine_is_quiet_for_all() {
    ranks_.barrier();
    double quiet = 1;
    if (ranks_.rank() == 0)
      quiet = machine_is_quiet() ? 1 : 0;
    else
      std::this_thread::sleep_for(std::chrono::milliseconds(15));
    return over_ranks(quiet, Reduction::min) == 1;
  }

  void summarise(BandwidthPoint& point, const std::vector<double>& copy_seconds, const std::vector<double>& fractions) {
    std::vector<double> sorted = point.samples_seconds;
    std::sort(sorted.begin(), sorted.end());
    point.median_seconds = median_of(sorted);
    const auto rank_of_p95 = static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(sorted.size())));
    point.p95_over_median = sorted[rank_of_p95 - 1] / point.median_seconds;
    if (!point.unreportable.empty()) return;
    const double payload = point.collective == Collective::barrier ? 0 : static_cast<double>(point.payload_bytes);
    point.algorithm_bandwidth = payload / point.median_seconds;
    point.bus_bandwidth = point.algorithm_bandwidth * bus_factor(point.collective, point.ranks);
    point.copy_bandwidth = static_cast<double>(point.payload_bytes) / median_of(copy_seconds);
    point.fraction_of_copy = point.ranks == 1 ? 0 : median_of(fractions);
  }

  Communicator& ranks_;
  const BandwidthPlan& plan_;
  const BandwidthMemory& memory_;
};

}  // namespace

BandwidthMemory host_memory() {
  return {allocate_on_huge_pages, [](void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }};
}

std::vector<BandwidthPoint> measure_bandwidth(Communicator& ranks, Device& device, const BandwidthPlan& plan,
                                              const BandwidthMemory& memory) {
  if (plan.pairs < 1) throw Error("bandwidth: " + std::to_string(plan.pairs) + " pairs; accepted: 1 and more");
  PointMeasurement measurement(ranks, plan, memory);
  std::vector<BandwidthPoint> points;
  for (const Collective collective : plan.collectives)
    for (const std::int64_t payload : plan.payload_bytes) {
      measurement.check(collective, payload, device);
      points.push_back(measurement.measure(collective, payload));
    }
  return points;
}

}  // namespace lockstep
