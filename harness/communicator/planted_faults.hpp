// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/communicator/call_queue.hpp"
#include "harness/communicator/communicator.hpp"

namespace lockstep {

/// What goes wrong with one call:
///   drop           it is not made; its handle says that it is done
///   repeat         it is made twice; in place the second adds to the first's result
///   reorder        it is made after the next call of the rank, though its caller already thinks it is done
///   delay          it is made late
///   die            it throws, and so does every later call of the rank
///   wrong_count    it is made for one element less; no fault where there is none
///   wrong_element  the last element that it wrote (for send: that it sends) has its lowest bit turned
enum class CommunicationFault : std::uint8_t { drop, repeat, reorder, delay, die, wrong_count, wrong_element };
inline constexpr int kCommunicationFaults = 7;
std::string_view name_of(CommunicationFault fault);

inline constexpr int kEveryRank = -1;

/// A fault of the `nth` call (from 1) of one collective, on one rank or on all of them. On one rank the ranks' calls differ
/// from then on, which the transport must report; on all of them only the numbers can tell.
struct PlantedFault {
  CommunicationFault fault = CommunicationFault::drop;
  Collective collective = Collective::all_reduce;
  std::int64_t nth = 1;
  int rank = kEveryRank;
  double delay_seconds = 0;
};

/// A communicator with faults, for tests that must notice them. Buffers on host memory; those of a call that is reordered
/// must live until the next call has ended.
class PlantedFaults : public Communicator {
 public:
  /// Decorates `inner`, which outlives it and gets its calls only from here.
  PlantedFaults(Communicator& inner, std::vector<PlantedFault> faults);

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::string name() const override { return "planted_faults+" + inner_.name(); }
  void run(const Call& call) override { queue_.run(call); }
  Handle start(const Call& call) override { return queue_.start(call); }

  /// How many faults have taken effect on this rank: a test whose fault was never planted proves nothing.
  int planted() const { return planted_.load(); }

 private:
  void execute(const Call& call);
  void execute_with(const PlantedFault& fault, const Call& call);
  void run_with_wrong_element(const Call& call);
  const PlantedFault* fault_of(const Call& call);

  Communicator& inner_;
  std::vector<PlantedFault> faults_;
  std::array<std::int64_t, kCollectives> calls_{};
  std::optional<Call> held_;
  bool dead_ = false;
  std::atomic<int> planted_{0};
  CallQueue queue_;
};

}  // namespace lockstep
