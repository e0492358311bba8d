// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/gpu_timer.hpp"

#include "harness/data/error.hpp"
#ifdef LOCKSTEP_WITH_CUDA
#include <cuda_runtime_api.h>

#include <chrono>

#include "harness/device/cuda_check.hpp"
#include "harness/measure/stopping_rule.hpp"
#endif

namespace lockstep {

#ifndef LOCKSTEP_WITH_CUDA

std::vector<Measurement> measure_on_gpu(Device&, const std::vector<std::function<void()>>&, const MeasurePolicy&) {
  throw Error("GPU times: " + gpu_unavailable());
}
std::size_t gpu_l2_bytes() { return 0; }

#else

namespace {

class Event {
 public:
  Event() { LOCKSTEP_CUDA_CHECK(cudaEventCreate(&event_)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(cudaStream_t stream) { LOCKSTEP_CUDA_CHECK(cudaEventRecord(event_, stream)); }
  void wait() { LOCKSTEP_CUDA_CHECK(cudaEventSynchronize(event_)); }
  double seconds_until(const Event& later) const {
    float milliseconds = 0;
    LOCKSTEP_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, event_, later.event_));
    return milliseconds * 1e-3;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// The launches recorded once as a CUDA graph, which replays them without the host's launch cost.
class Graph {
 public:
  Graph(cudaStream_t stream, const std::vector<std::function<void()>>& launches) {
    LOCKSTEP_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    for (const auto& launch : launches) launch();
    LOCKSTEP_CUDA_CHECK(cudaStreamEndCapture(stream, &graph_));
    LOCKSTEP_CUDA_CHECK(cudaGraphInstantiate(&instance_, graph_, 0));
  }
  ~Graph() {
    if (instance_) cudaGraphExecDestroy(instance_);
    if (graph_) cudaGraphDestroy(graph_);
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  void replay(cudaStream_t stream) { LOCKSTEP_CUDA_CHECK(cudaGraphLaunch(instance_, stream)); }

 private:
  cudaGraph_t graph_ = nullptr;
  cudaGraphExec_t instance_ = nullptr;
};

/// Evicts L2 by copying one half of a buffer of four times its size onto the other: reading clean lines in, and leaving no
/// more dirty ones than any kernel before would have.
class Eviction {
 public:
  explicit Eviction(Device& device) : half_(2 * gpu_l2_bytes()), memory_(device, 2 * half_) {}
  void run(cudaStream_t stream) {
    auto* first = static_cast<char*>(memory_.get());
    LOCKSTEP_CUDA_CHECK(cudaMemcpyAsync(first, first + half_, half_, cudaMemcpyDeviceToDevice, stream));
  }

 private:
  std::size_t half_;
  DeviceMemory memory_;
};

template <class Sample>
Measurement collect(MeasurementKind kind, std::int64_t iterations, const MeasurePolicy& policy, Sample sample) {
  Measurement measurement{.kind = kind, .samples_seconds = {}, .iterations = iterations, .note = {}};
  sample();  // warm-up
  const StoppingRule rule(policy);
  while (rule.wants_more(measurement.samples_seconds)) measurement.samples_seconds.push_back(sample());
  return measurement;
}

}  // namespace

std::size_t gpu_l2_bytes() {
  int bytes = 0;
  if (cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, 0) != cudaSuccess) return 0;
  return static_cast<std::size_t>(bytes);
}

std::vector<Measurement> measure_on_gpu(Device& device, const std::vector<std::function<void()>>& launches,
                                        const MeasurePolicy& policy) {
  const auto stream = static_cast<cudaStream_t>(device.stream());
  Event start, stop;
  std::vector<Measurement> all;
  std::size_t turn = 0;
  Eviction eviction(device);
  all.push_back(collect(MeasurementKind::gpu_cold, 1, policy, [&] {
    eviction.run(stream);
    start.record(stream);
    launches[turn++ % launches.size()]();
    stop.record(stream);
    stop.wait();
    return start.seconds_until(stop);
  }));

  // As many rounds in one graph as make it last, so that its own launch does not show.
  std::vector<std::function<void()>> rounds;
  const auto count = static_cast<std::int64_t>(std::max<double>(1, 1e-3 / std::max(median_of(all[0].samples_seconds), 1e-6)));
  while (static_cast<std::int64_t>(rounds.size()) < std::max<std::int64_t>(count, static_cast<std::int64_t>(launches.size())))
    rounds.insert(rounds.end(), launches.begin(), launches.end());
  try {
    Graph graph(stream, rounds);
    all.push_back(collect(MeasurementKind::gpu_warm_graph, static_cast<std::int64_t>(rounds.size()), policy, [&] {
      start.record(stream);
      graph.replay(stream);
      stop.record(stream);
      stop.wait();
      return start.seconds_until(stop) / static_cast<double>(rounds.size());
    }));
  } catch (const Error& error) {  // a library that synchronises cannot be captured: say so, keep the other two
    all.push_back({.kind = MeasurementKind::gpu_warm_graph,
                   .samples_seconds = {},
                   .note = std::string("no graph: ") + error.what()});
    cudaGetLastError();
  }

  all.push_back(collect(MeasurementKind::gpu_launch_inclusive, 1, policy, [&] {
    const auto begin = std::chrono::steady_clock::now();
    launches[turn++ % launches.size()]();
    device.synchronize();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }));
  return all;
}

#endif

}  // namespace lockstep
