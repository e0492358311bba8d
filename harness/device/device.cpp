// SPDX-License-Identifier: Apache-2.0
#include "harness/device/device.hpp"

#include <cstring>

#include "harness/data/error.hpp"
#include "harness/device/gpu_by_index.hpp"
#include "harness/simt/global_memory.hpp"

namespace lockstep {
namespace {

class HostDevice final : public Device {
 public:
  explicit HostDevice(DeviceKind kind) : kind_(kind) {}
  DeviceKind kind() const override { return kind_; }
  bool shares_host_memory() const override { return true; }
  void* allocate(std::size_t bytes) override { return simt::allocate_global(bytes); }
  void release(void* memory) noexcept override { simt::release_global(memory); }
  void copy_to_device(void* to, const void* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
    simt::mark_global(to, bytes, simt::GlobalContent::written);
  }
  void copy_to_host(void* to, const void* from, std::size_t bytes) override { std::memcpy(to, from, bytes); }
  void synchronize() override {}
  void* stream() const override { return nullptr; }

 private:
  DeviceKind kind_;
};

}  // namespace

std::string_view name_of(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::cpu: return "cpu";
    case DeviceKind::emulated: return "emulated";
    case DeviceKind::gpu: return "gpu";
  }
  return "";
}

std::unique_ptr<Device> make_host_device(DeviceKind kind) { return std::make_unique<HostDevice>(kind); }

#ifndef LOCKSTEP_WITH_CUDA
std::unique_ptr<Device> make_gpu_device() { return make_gpu_device_by_index(0); }
std::unique_ptr<Device> make_gpu_device_by_index(int) { throw Error("no GPU: " + gpu_unavailable()); }
std::string gpu_unavailable() { return "this build of Lockstep was compiled without CUDA"; }
#endif

}  // namespace lockstep
