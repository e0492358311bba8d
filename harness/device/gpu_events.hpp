// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "harness/device/device.hpp"

namespace lockstep {

/// A CUDA event on the device's stream. Without CUDA in this build the constructor throws Error.
class GpuEvent {
 public:
  GpuEvent();
  ~GpuEvent();
  GpuEvent(const GpuEvent&) = delete;
  GpuEvent& operator=(const GpuEvent&) = delete;
  void record(Device& device);
  void wait();
  double seconds_until(const GpuEvent& later) const;

 private:
  void* event_ = nullptr;
};

/// Launches recorded once as a CUDA graph, which replays them without the host's launch cost. Throws Error when one of them
/// cannot be captured; the stream is usable afterwards.
class GpuGraph {
 public:
  GpuGraph(Device& device, const std::vector<std::function<void()>>& launches);
  ~GpuGraph();
  GpuGraph(const GpuGraph&) = delete;
  GpuGraph& operator=(const GpuGraph&) = delete;
  void replay(Device& device);

 private:
  void* graph_ = nullptr;
  void* instance_ = nullptr;
};

/// Queues a copy within device memory.
void copy_on_gpu(Device& device, void* to, const void* from, std::size_t bytes);

/// Bytes of the GPU's L2 cache; 0 without a GPU.
std::size_t gpu_l2_bytes();

}  // namespace lockstep
