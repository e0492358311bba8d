// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "harness/communicator/communicator.hpp"
#include "suites/training/plan.hpp"
#include "suites/training/replica_devices.hpp"

namespace lockstep {

/// What the devices of data_parallel send each other in a step, seen from one of them. Where every device has a replica
/// the ranks' own collectives carry parameters and gradients, else messages between the replicas.
class ReplicaExchange {
 public:
  /// The communicator is borrowed.
  ReplicaExchange(const ReplicaDevices& devices, Communicator& communicator)
      : devices_(devices), communicator_(communicator), replica_(devices.replica_on(communicator.rank())) {}

  bool is_first() const { return communicator_.rank() == devices_.first(); }
  bool is_output() const { return communicator_.rank() == devices_.output; }
  /// Which replica this device has; none on an idle device, or on one that only gathers.
  const std::optional<std::size_t>& replica() const { return replica_; }

  /// Every replica takes the first device's tensors.
  void replicate(std::vector<NamedVariable>& tensors);
  /// The scale that the output device multiplies the loss by: the first device keeps it, since it sees the gradients.
  double shared_loss_scale(double scale);
  /// Off the output device: gives this replica's output and returns the loss's gradient by it.
  Values exchange_output(Values output);
  /// On the output device: the outputs in the order of the chunks, this device's own among them (null: it has none).
  std::vector<Values> gather(const Values* own, const std::vector<RowRange>& chunks);
  /// On the output device: gives each replica the gradient of its output; returns this device's own, empty for none.
  Values scatter(std::vector<Values> gradients);
  /// On the first device the sum over replicas, in their order; elsewhere what was given.
  Values sum_onto_first(Values values);
  /// What replica `from` holds, on the first device; elsewhere what was given.
  Values take_from(std::size_t from, Values values);

 private:
  bool every_device_replicates() const { return devices_.count() == communicator_.size(); }

  ReplicaDevices devices_;
  Communicator& communicator_;
  std::optional<std::size_t> replica_;
};

}  // namespace lockstep
