// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "harness/communicator/communicator.hpp"
#include "harness/device/device.hpp"

namespace lockstep {

/// A rank with buffers on the host over a communicator with buffers on a device: what a call reads is copied to the device
/// before it is made, what it wrote is copied back when it has ended, so that the result is in place once the call has
/// returned or its handle was waited for. Computation beside a started call overlaps with all but the copies.
///
/// Results, order and errors are the inner communicator's: in place stays in place, and a call whose buffers overlap with
/// what an earlier call still has to write first lets that one end. A call that fails writes nothing on the host.
///
/// Copies and calls are made by the rank's own thread, since a device has one thread. Memory of the device is kept for
/// calls of the same size, as allocating would wait for everything that runs there.
class StagingCommunicator : public Communicator {
 public:
  /// Decorates `inner`, whose buffers lie on `device`. Both outlive it, and get calls and copies only from here.
  StagingCommunicator(Communicator& inner, Device& device);
  ~StagingCommunicator() override;

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::string name() const override { return "staging+" + inner_.name(); }
  void run(const Call& call) override;
  Handle start(const Call& call) override;

 private:
  class Memory;
  class StagedCall;
  void finish_what_overlaps(const Call& call);

  Communicator& inner_;
  std::shared_ptr<Memory> memory_;
  /// Started calls whose handles may not have been waited for.
  std::vector<std::weak_ptr<StagedCall>> started_;
};

}  // namespace lockstep
