// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace lockstep {

/// What NVML says of the GPU at one moment; NaN for what this GPU does not tell.
struct GpuReading {
  double clock_mhz = 0;  // of the multiprocessors
  double power_watts = 0;
  double temperature_celsius = 0;
  /// Why the clock is lower than it could be, in words joined by ", "; empty when it is not.
  std::string throttle;
};

/// Clocks, power, temperature and throttling of one GPU, from NVIDIA's management library. It is loaded at run time: it comes
/// with the driver, and neither build nor start may depend on it. (API: NVML reference manual, docs.nvidia.com/deploy/nvml-api)
class GpuTelemetry {
 public:
  /// Address of a function of NVML by its name, null where it does not exist; tests bring their own.
  using Resolve = std::function<void*(const char* function)>;

  /// The GPU on the PCI bus as "0000:17:00.0" (cudaDeviceGetPCIBusId).
  explicit GpuTelemetry(const std::string& pci_bus_id);
  GpuTelemetry(const std::string& pci_bus_id, Resolve resolve);
  ~GpuTelemetry();
  GpuTelemetry(const GpuTelemetry&) = delete;
  GpuTelemetry& operator=(const GpuTelemetry&) = delete;

  /// Why there is nothing to read, in words; empty when there is.
  const std::string& unavailable() const { return unavailable_; }
  std::optional<GpuReading> read() const;

 private:
  struct Api;
  std::unique_ptr<Api> api_;
  std::string unavailable_;
};

/// PCI bus id of the GPU in use; empty without one.
std::string gpu_pci_bus_id();

/// The reading of the GPU in use; nothing without GPU or NVML.
std::optional<GpuReading> read_gpu();
/// Why read_gpu gives nothing, in words; empty where it gives something.
std::string gpu_telemetry_unavailable();

}  // namespace lockstep
