// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_CUDA
#include <cuda_runtime_api.h>

#include "harness/data/error.hpp"
#include "harness/device/cuda_check.hpp"
#include "harness/device/device.hpp"
#include "harness/device/gpu_by_index.hpp"

namespace lockstep {
namespace {

class GpuDevice final : public Device {
 public:
  explicit GpuDevice(int index) {
    LOCKSTEP_CUDA_CHECK(cudaSetDevice(index));
    LOCKSTEP_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }
  ~GpuDevice() override { cudaStreamDestroy(stream_); }
  DeviceKind kind() const override { return DeviceKind::gpu; }
  bool shares_host_memory() const override { return false; }
  void* allocate(std::size_t bytes) override {
    void* memory = nullptr;
    LOCKSTEP_CUDA_CHECK(cudaMalloc(&memory, bytes));
    return memory;
  }
  void release(void* memory) noexcept override { cudaFree(memory); }
  void copy_to_device(void* to, const void* from, std::size_t bytes) override {
    LOCKSTEP_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_));
    synchronize();
  }
  void copy_to_host(void* to, const void* from, std::size_t bytes) override {
    LOCKSTEP_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_));
    synchronize();
  }
  void synchronize() override { LOCKSTEP_CUDA_CHECK(cudaStreamSynchronize(stream_)); }
  void* stream() const override { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace

std::unique_ptr<Device> make_gpu_device() { return make_gpu_device_by_index(0); }

std::unique_ptr<Device> make_gpu_device_by_index(int index) {
  const std::string reason = gpu_unavailable();
  if (!reason.empty()) throw Error("no GPU: " + reason);
  return std::make_unique<GpuDevice>(index);
}

std::string gpu_unavailable() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) return std::string("CUDA says '") + cudaGetErrorString(status) + "'";
  return count > 0 ? "" : "this machine has no CUDA device";
}

}  // namespace lockstep
#endif
