// SPDX-License-Identifier: Apache-2.0
#include "harness/device/gpu_events.hpp"

#include "harness/data/error.hpp"
#ifdef LOCKSTEP_WITH_CUDA
#include "harness/device/cuda_check.hpp"
#endif

namespace lockstep {

#ifdef LOCKSTEP_WITH_CUDA

namespace {

cudaStream_t stream_of(const Device& device) { return static_cast<cudaStream_t>(device.stream()); }

}  // namespace

GpuEvent::GpuEvent() {
  cudaEvent_t event = nullptr;
  LOCKSTEP_CUDA_CHECK(cudaEventCreate(&event));
  event_ = event;
}
GpuEvent::~GpuEvent() { cudaEventDestroy(static_cast<cudaEvent_t>(event_)); }
void GpuEvent::record(Device& device) {
  LOCKSTEP_CUDA_CHECK(cudaEventRecord(static_cast<cudaEvent_t>(event_), stream_of(device)));
}
void GpuEvent::wait() { LOCKSTEP_CUDA_CHECK(cudaEventSynchronize(static_cast<cudaEvent_t>(event_))); }
double GpuEvent::seconds_until(const GpuEvent& later) const {
  float milliseconds = 0;
  LOCKSTEP_CUDA_CHECK(
      cudaEventElapsedTime(&milliseconds, static_cast<cudaEvent_t>(event_), static_cast<cudaEvent_t>(later.event_)));
  return milliseconds * 1e-3;
}

GpuGraph::GpuGraph(Device& device, const std::vector<std::function<void()>>& launches) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t instance = nullptr;
  LOCKSTEP_CUDA_CHECK(cudaStreamBeginCapture(stream_of(device), cudaStreamCaptureModeThreadLocal));
  try {
    for (const auto& launch : launches) launch();
    LOCKSTEP_CUDA_CHECK(cudaStreamEndCapture(stream_of(device), &graph));
  } catch (const Error&) {
    cudaStreamEndCapture(stream_of(device), &graph);  // ends the capture, whatever it says
    if (graph) cudaGraphDestroy(graph);
    cudaGetLastError();
    throw;
  }
  graph_ = graph;
  const cudaError_t status = cudaGraphInstantiate(&instance, graph, 0);
  instance_ = instance;
  if (status != cudaSuccess) {
    cudaGraphDestroy(graph);
    LOCKSTEP_CUDA_CHECK(status);
  }
}
GpuGraph::~GpuGraph() {
  cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(instance_));
  cudaGraphDestroy(static_cast<cudaGraph_t>(graph_));
}
void GpuGraph::replay(Device& device) {
  LOCKSTEP_CUDA_CHECK(cudaGraphLaunch(static_cast<cudaGraphExec_t>(instance_), stream_of(device)));
}

void copy_on_gpu(Device& device, void* to, const void* from, std::size_t bytes) {
  LOCKSTEP_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_of(device)));
}

std::size_t gpu_l2_bytes() {
  int bytes = 0;
  if (cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, 0) != cudaSuccess) return 0;
  return static_cast<std::size_t>(bytes);
}

#else

namespace {

[[noreturn]] void unavailable() { throw Error("no GPU: " + gpu_unavailable()); }

}  // namespace

GpuEvent::GpuEvent() { unavailable(); }
GpuEvent::~GpuEvent() = default;
void GpuEvent::record(Device&) { unavailable(); }
void GpuEvent::wait() { unavailable(); }
double GpuEvent::seconds_until(const GpuEvent&) const { unavailable(); }
GpuGraph::GpuGraph(Device&, const std::vector<std::function<void()>>&) { unavailable(); }
GpuGraph::~GpuGraph() = default;
void GpuGraph::replay(Device&) { unavailable(); }
void copy_on_gpu(Device&, void*, const void*, std::size_t) { unavailable(); }
std::size_t gpu_l2_bytes() { return 0; }

#endif

}  // namespace lockstep
