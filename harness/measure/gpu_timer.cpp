// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/gpu_timer.hpp"

#include <algorithm>
#include <chrono>

#include "harness/data/error.hpp"
#include "harness/device/gpu_events.hpp"
#include "harness/measure/stopping_rule.hpp"

namespace lockstep {
namespace {

/// Evicts L2 by copying one half of a buffer of four times its size onto the other: reading clean lines in, and leaving no
/// more dirty ones than any kernel before would have.
class Eviction {
 public:
  explicit Eviction(Device& device) : device_(device), half_(2 * gpu_l2_bytes()), memory_(device, 2 * half_) {}
  void run() {
    auto* first = static_cast<char*>(memory_.get());
    copy_on_gpu(device_, first, first + half_, half_);
  }

 private:
  Device& device_;
  std::size_t half_;
  DeviceMemory memory_;
};

template <class Sample>
Measurement collect(MeasurementKind kind, std::int64_t iterations, const MeasurePolicy& policy, Sample sample) {
  Measurement measurement{.kind = kind, .samples_seconds = {}, .iterations = iterations, .note = {}, .gpu_state = {}};
  sample();  // warm-up
  const StoppingRule rule(policy);
  while (rule.wants_more(measurement.samples_seconds)) measurement.samples_seconds.push_back(sample());
  measurement.gpu_state = read_gpu();
  return measurement;
}

/// Replays of a graph of all launches in turn, repeated until one replay lasts a millisecond, so that the graph's own
/// launch does not show.
Measurement measure_graph(Device& device, const std::vector<std::function<void()>>& launches, double one_launch_seconds,
                          const MeasurePolicy& policy) {
  constexpr double kReplaySeconds = 1e-3;
  const double wanted = std::max(1.0, kReplaySeconds / std::max(one_launch_seconds, 1e-6));
  std::vector<std::function<void()>> rounds;
  while (static_cast<double>(rounds.size()) < wanted) rounds.insert(rounds.end(), launches.begin(), launches.end());
  try {
    GpuEvent start, stop;
    GpuGraph graph(device, rounds);
    return collect(MeasurementKind::gpu_warm_graph, static_cast<std::int64_t>(rounds.size()), policy, [&] {
      start.record(device);
      graph.replay(device);
      stop.record(device);
      stop.wait();
      return start.seconds_until(stop) / static_cast<double>(rounds.size());
    });
  } catch (const Error& error) {  // a library that synchronises cannot be captured: say so, keep the other two times
    return {.kind = MeasurementKind::gpu_warm_graph,
            .samples_seconds = {},
            .note = std::string("no graph: ") + error.what(),
            .gpu_state = {}};
  }
}

}  // namespace

std::vector<Measurement> measure_on_gpu(Device& device, const std::vector<std::function<void()>>& launches,
                                        const MeasurePolicy& policy) {
  GpuEvent start, stop;
  std::size_t turn = 0;
  Eviction eviction(device);
  std::vector<Measurement> all;
  all.push_back(collect(MeasurementKind::gpu_cold, 1, policy, [&] {
    eviction.run();
    start.record(device);
    launches[turn++ % launches.size()]();
    stop.record(device);
    stop.wait();
    return start.seconds_until(stop);
  }));
  all.push_back(measure_graph(device, launches, median_of(all[0].samples_seconds), policy));
  all.push_back(collect(MeasurementKind::gpu_launch_inclusive, 1, policy, [&] {
    const auto begin = std::chrono::steady_clock::now();
    launches[turn++ % launches.size()]();
    device.synchronize();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }));
  return all;
}

}  // namespace lockstep
