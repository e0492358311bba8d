// SPDX-License-Identifier: Apache-2.0
#include "harness/device/gpu_telemetry.hpp"

#include <dlfcn.h>

#include <limits>
#include <utility>

#include "harness/device/device.hpp"

#ifdef LOCKSTEP_WITH_CUDA
#include <cuda_runtime_api.h>
#endif

namespace lockstep {
namespace {

constexpr const char* kLibrary = "libnvidia-ml.so.1";

// What is used of NVML's interface, whose numbers its manual promises to keep.
using Handle = struct NvmlDevice*;
constexpr int kSuccess = 0;
constexpr unsigned kClockOfMultiprocessors = 1, kTemperatureOfChip = 0;

struct ThrottleReason {
  unsigned long long bit;
  const char* words;
};
// Idle, application clocks and display clocks are settings, no slowdowns.
constexpr ThrottleReason kThrottleReasons[] = {{0x04, "power cap"},
                                               {0x08, "hardware slowdown"},
                                               {0x10, "synchronised boost"},
                                               {0x20, "temperature (driver)"},
                                               {0x40, "temperature (hardware)"},
                                               {0x80, "power brake"}};

std::string words_of(unsigned long long reasons) {
  std::string words;
  for (const ThrottleReason& reason : kThrottleReasons)
    if (reasons & reason.bit) words += (words.empty() ? "" : ", ") + std::string(reason.words);
  return words;
}

GpuTelemetry::Resolve resolve_from(void* library) {
  return [library](const char* function) { return library ? dlsym(library, function) : nullptr; };
}

}  // namespace

struct GpuTelemetry::Api {
  Handle device = nullptr;
  bool initialised = false;
  int (*init)() = nullptr;
  int (*shut_down)() = nullptr;
  const char* (*text_of)(int) = nullptr;
  int (*device_by_bus)(const char*, Handle*) = nullptr;
  int (*clock)(Handle, unsigned, unsigned*) = nullptr;
  int (*power)(Handle, unsigned*) = nullptr;
  int (*temperature)(Handle, unsigned, unsigned*) = nullptr;
  int (*throttle)(Handle, unsigned long long*) = nullptr;
};

GpuTelemetry::GpuTelemetry(const std::string& pci_bus_id)
    // Never closed: NVML keeps state of its own, and the process needs it to its end.
    : GpuTelemetry(pci_bus_id, resolve_from(dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL))) {}

GpuTelemetry::GpuTelemetry(const std::string& pci_bus_id, Resolve resolve) : api_(std::make_unique<Api>()) {
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(resolve(name));
    if (!function && unavailable_.empty()) unavailable_ = std::string(kLibrary) + " was not found, or has no " + name;
  };
  find(api_->init, "nvmlInit_v2");
  find(api_->shut_down, "nvmlShutdown");
  find(api_->text_of, "nvmlErrorString");
  find(api_->device_by_bus, "nvmlDeviceGetHandleByPciBusId_v2");
  find(api_->clock, "nvmlDeviceGetClockInfo");
  find(api_->power, "nvmlDeviceGetPowerUsage");
  find(api_->temperature, "nvmlDeviceGetTemperature");
  find(api_->throttle, "nvmlDeviceGetCurrentClocksThrottleReasons");
  if (!unavailable_.empty()) return;
  const auto refused = [this](const char* what, int status) {
    if (status == kSuccess) return false;
    unavailable_ = std::string(what) + ": NVML says '" + api_->text_of(status) + "'";
    return true;
  };
  if (refused("nvmlInit", api_->init())) return;
  api_->initialised = true;
  refused(("GPU " + pci_bus_id).c_str(), api_->device_by_bus(pci_bus_id.c_str(), &api_->device));
}

GpuTelemetry::~GpuTelemetry() {
  if (api_->initialised) api_->shut_down();
}

std::optional<GpuReading> GpuTelemetry::read() const {
  if (!unavailable_.empty()) return std::nullopt;
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  unsigned clock = 0, milliwatts = 0, celsius = 0;
  unsigned long long reasons = 0;
  GpuReading reading;
  reading.clock_mhz = api_->clock(api_->device, kClockOfMultiprocessors, &clock) == kSuccess ? clock : kUnknown;
  reading.power_watts = api_->power(api_->device, &milliwatts) == kSuccess ? milliwatts / 1000.0 : kUnknown;
  reading.temperature_celsius =
      api_->temperature(api_->device, kTemperatureOfChip, &celsius) == kSuccess ? celsius : kUnknown;
  if (api_->throttle(api_->device, &reasons) == kSuccess) reading.throttle = words_of(reasons);
  return reading;
}

std::string gpu_pci_bus_id() {
#ifdef LOCKSTEP_WITH_CUDA
  char id[32] = "";
  int device = 0;
  if (gpu_unavailable().empty() && cudaGetDevice(&device) == cudaSuccess &&
      cudaDeviceGetPCIBusId(id, sizeof id, device) == cudaSuccess)
    return id;
#endif
  return "";
}

namespace {

const GpuTelemetry* telemetry_in_use() {
  static const std::string bus = gpu_pci_bus_id();
  if (bus.empty()) return nullptr;
  static const GpuTelemetry telemetry(bus);
  return &telemetry;
}

}  // namespace

std::optional<GpuReading> read_gpu() {
  const GpuTelemetry* telemetry = telemetry_in_use();
  return telemetry ? telemetry->read() : std::nullopt;
}

std::string gpu_telemetry_unavailable() {
  const GpuTelemetry* telemetry = telemetry_in_use();
  return telemetry ? telemetry->unavailable() : "no GPU: " + gpu_unavailable();
}

}  // namespace lockstep
