// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "harness/communicator/call_queue.hpp"
#include "harness/communicator/communicator.hpp"

namespace lockstep {

/// A link between any two neighbours of a ring: seconds until a message begins to arrive, and seconds for each byte.
struct LinkModel {
  double latency_seconds = 0;
  double seconds_per_byte = 0;
};

/// Seconds of a call over such links, with p ranks and S = payload_bytes; 0 for one rank:
///   all_reduce         2(p-1) latency + 2(p-1)/p S seconds_per_byte     ring: reduce_scatter, then all_gather
///   reduce_scatter, all_gather, all_to_all   (p-1) latency + (p-1)/p S seconds_per_byte
///   all_gather_uneven  (p-1) (latency + largest part seconds_per_byte)  every step waits for the largest part
///   broadcast          (p-1) latency + S seconds_per_byte               a pipelined chain
///   send, receive      latency + S seconds_per_byte
///   barrier            ceil(log2 p) latency                             dissemination
/// Source: the ring model (Patarasuk and Yuan 2009; Thakur, Rabenseifner, Gropp 2005), without the cost of adding.
double modelled_seconds(const Call& call, int ranks, LinkModel link);

/// A communicator whose collectives end no sooner than a link would have ended them. A link needs no core: it begins when
/// all ranks have made the call and it is done with the calls before, even where computation has the cores and the threads
/// that serve it run late, by milliseconds on a busy machine. They sleep while it works, so overlap can be tested where
/// ranks have no core to spare. The system wakes a sleeper up to about 60 microseconds late on an idle core.
/// Ranks agree on when a call was made by an all_reduce of the steady clock, so they must run on one machine. A message
/// between two ranks takes the link's time after it has really arrived.
class ModelledLink : public Communicator {
 public:
  /// Decorates `inner`, which outlives it and gets its calls only from here.
  ModelledLink(Communicator& inner, LinkModel link);

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::string name() const override { return "modelled_link+" + inner_.name(); }
  void run(const Call& call) override { queue_.run(call); }
  Handle start(const Call& call) override { return queue_.start(call); }

 private:
  using Clock = std::chrono::steady_clock;

  void carry_out(const Call& call, Clock::time_point made);
  /// When the last rank made this call.
  Clock::time_point made_by_all(const Call& call, Clock::time_point made);

  Communicator& inner_;
  LinkModel link_;
  Clock::time_point free_from_{};
  CallQueue queue_;  // last: its thread ends before what it uses
};

}  // namespace lockstep
