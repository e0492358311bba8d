// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/communicator/communicator.hpp"

namespace lockstep {

/// A communicator whose calls of training steps return at once and move nothing: what a step costs without communication.
/// Calls that belong to no step (step -1: comparing models, the first broadcast) are carried out, or training could not
/// begin. Numbers behind it are wrong; it is for timing alone.
class StubbedCommunication : public Communicator {
 public:
  /// Decorates `inner`, which outlives it.
  explicit StubbedCommunication(Communicator& inner) : inner_(inner) {}

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::string name() const override { return "stubbed+" + inner_.name(); }
  void run(const Call& call) override {
    if (call.step < 0) inner_.run(call);
  }
  Handle start(const Call& call) override { return call.step < 0 ? inner_.start(call) : Handle(); }

 private:
  Communicator& inner_;
};

}  // namespace lockstep
