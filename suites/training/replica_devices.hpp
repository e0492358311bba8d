// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/autograd/module.hpp"
#include "suites/training/plan.hpp"

namespace lockstep {

/// Which devices data_parallel uses, as torch.nn.DataParallel's device_ids and output_device say. Devices are the ranks of
/// the transport, 0 .. ranks - 1.
struct ReplicaDevices {
  /// Of the replicas, in the order of the chunks; the first one holds the module.
  std::vector<int> ids;
  /// Where outputs are gathered and the loss is computed. With one replica its own device, as in PyTorch, which then calls
  /// the module without gathering.
  int output = 0;

  static ReplicaDevices of(const TrainingPlan& plan);

  int first() const { return ids.front(); }
  int count() const { return static_cast<int>(ids.size()); }
  /// Which replica lies on a device; none on an idle one, or on one that only gathers.
  std::optional<std::size_t> replica_on(int device) const;
};

/// Why the plan's devices cannot be, in one line; empty where they can.
std::string refusal_of_devices(const TrainingPlan& plan);

/// Throws Error, PyTorch's with the tensor's name, where a parameter or a buffer lies elsewhere than on the first device,
/// and where the plan places a tensor that the module does not have.
void expect_on_first_device(const Module& module, const TrainingPlan& plan);

}  // namespace lockstep
