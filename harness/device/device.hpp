// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep {

/// Where an implementation runs. emulated: CUDA kernels on the CPU, thread by thread; judged, never timed.
enum class DeviceKind : std::uint8_t { cpu, emulated, gpu };

std::string_view name_of(DeviceKind kind);

/// A place that has memory and runs launches in order. Not thread-safe: one device per worker.
class Device {
 public:
  virtual ~Device() = default;
  virtual DeviceKind kind() const = 0;
  /// Whether host pointers are device pointers.
  virtual bool shares_host_memory() const = 0;
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* memory) noexcept = 0;
  virtual void copy_to_device(void* to, const void* from, std::size_t bytes) = 0;
  virtual void copy_to_host(void* to, const void* from, std::size_t bytes) = 0;
  /// Waits for all launches; throws Error with CUDA's text when one failed.
  virtual void synchronize() = 0;
  /// The CUDA stream to launch on, as an opaque pointer; null on devices that have none.
  virtual void* stream() const = 0;
};

/// Ordinary memory; `kind` is cpu or emulated.
std::unique_ptr<Device> make_host_device(DeviceKind kind);

/// The first GPU. Throws Error when there is none or this build has no CUDA (gpu_unavailable says which).
std::unique_ptr<Device> make_gpu_device();
/// Why there is no GPU to run on, in words; empty when there is one.
std::string gpu_unavailable();

/// Device memory that frees itself.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  DeviceMemory(Device& device, std::size_t bytes) : device_(&device), memory_(device.allocate(bytes)), bytes_(bytes) {}
  DeviceMemory(DeviceMemory&& other) noexcept { swap(other); }
  DeviceMemory& operator=(DeviceMemory&& other) noexcept {
    swap(other);
    return *this;
  }
  ~DeviceMemory() {
    if (memory_) device_->release(memory_);
  }
  void* get() const { return memory_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void swap(DeviceMemory& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
  }
  Device* device_ = nullptr;
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace lockstep
