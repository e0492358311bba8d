// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/communicator/communicator.hpp"

namespace lockstep {

/// One blocking collective as one rank saw it, in seconds of the clock that all ranks of a process share.
struct CallTime {
  Collective collective = Collective::barrier;
  std::int64_t payload_bytes = 0, step = -1;
  double arrived = 0, returned = 0;
};

/// Notes when this rank comes to each blocking collective whose label begins as given, and when it goes on. Calls that are
/// started and waited for later are passed on unseen.
class CallTimes final : public Communicator {
 public:
  /// Decorates `inner`; both are borrowed. `times` is this rank's own list.
  CallTimes(Communicator& inner, std::string label, std::vector<CallTime>& times)
      : inner_(inner), label_(std::move(label)), times_(times) {}

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::string name() const override { return "timed+" + inner_.name(); }
  void run(const Call& call) override;
  Handle start(const Call& call) override { return inner_.start(call); }

 private:
  Communicator& inner_;
  std::string label_;
  std::vector<CallTime>& times_;
};

/// By step, the seconds that rank `rank` stood in the calls until the last rank had come. All ranks' lists hold the same
/// calls in the same order; Error otherwise.
std::vector<double> waiting_by_step(const std::vector<std::vector<CallTime>>& ranks, std::size_t rank);

}  // namespace lockstep
