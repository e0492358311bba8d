// SPDX-License-Identifier: Apache-2.0
#include "suites/training/replica_devices.hpp"

#include <algorithm>
#include <numeric>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

std::string name_of_device(int device) { return "threads:" + std::to_string(device); }

}  // namespace

ReplicaDevices ReplicaDevices::of(const TrainingPlan& plan) {
  ReplicaDevices devices{.ids = plan.device_ids};
  if (devices.ids.empty()) {
    devices.ids.resize(static_cast<std::size_t>(plan.ranks));
    std::iota(devices.ids.begin(), devices.ids.end(), 0);
  }
  devices.output = devices.count() > 1 ? plan.output_device.value_or(devices.first()) : devices.first();
  return devices;
}

std::optional<std::size_t> ReplicaDevices::replica_on(int device) const {
  const auto found = std::find(ids.begin(), ids.end(), device);
  if (found == ids.end()) return std::nullopt;
  return static_cast<std::size_t>(found - ids.begin());
}

std::string refusal_of_devices(const TrainingPlan& plan) {
  const std::string accepted = "; accepted: 0 to " + std::to_string(plan.ranks - 1);
  const auto exists = [&](int device) { return device >= 0 && device < plan.ranks; };
  for (std::size_t i = 0; i < plan.device_ids.size(); ++i) {
    const int device = plan.device_ids[i];
    if (!exists(device)) return "device_ids has the device " + std::to_string(device) + accepted;
    if (std::count(plan.device_ids.begin(), plan.device_ids.end(), device) > 1)
      return "device_ids has the device " + std::to_string(device) + " more than once; accepted: different devices";
  }
  if (plan.output_device && !exists(*plan.output_device))
    return "output_device is " + std::to_string(*plan.output_device) + accepted;
  return {};
}

void expect_on_first_device(const Module& module, const TrainingPlan& plan) {
  const ReplicaDevices devices = ReplicaDevices::of(plan);
  std::map<std::string, int> placed = plan.tensor_devices;
  if (plan.fault == TrainingFault::parameter_elsewhere && devices.count() > 1)
    placed[module.parameters().back().name] = devices.ids[1];
  for (const std::vector<NamedVariable>& tensors : {module.parameters(), module.buffers()})
    for (const NamedVariable& tensor : tensors) {
      const auto found = placed.find(tensor.name);
      if (found == placed.end()) continue;
      if (found->second != devices.first())
        throw Error("module must have its parameters and buffers on device " + name_of_device(devices.first()) +
                    " (device_ids[0]) but found one of them on device: " + name_of_device(found->second) + " ('" +
                    tensor.name + "')");
      placed.erase(found);
    }
  if (!placed.empty())
    throw Error("a device is given for '" + placed.begin()->first + "', which the module does not have");
}

}  // namespace lockstep
