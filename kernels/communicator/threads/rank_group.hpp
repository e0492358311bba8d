// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "harness/communicator/call.hpp"
#include "kernels/communicator/threads/wait_word.hpp"

namespace lockstep {

/// What ranks that are threads share: where they meet, their mailboxes, and the reason why the group ended.
///
/// A collective is enter, work, leave. `enter` returns once every rank posted its call and all calls belong together, so
/// that each rank may then read and write the others' buffers; or it throws on every rank. Whether it returns is one
/// decision for all: the group's word either counts the meeting or takes the mark of the end, never both for one meeting.
/// So `leave`, which returns once every rank is done with all buffers, needs no time limit and never fails.
class RankGroup {
 public:
  /// A rank that waits longer than `arrival_limit_seconds` for another ends the group.
  RankGroup(int size, double arrival_limit_seconds);

  int size() const { return size_; }
  void enter(int rank, const Call& call, bool may_spin);
  void leave(bool may_spin) noexcept;
  /// The call that a rank posted; between enter and leave.
  const Call& posted(int rank) const { return slots_[static_cast<std::size_t>(rank)].call; }

  /// Copies the payload into the mailbox of (rank, call.peer) and returns.
  void send(int rank, const Call& call);
  /// Waits for the next message of (call.peer, rank).
  void receive(int rank, const Call& call, bool may_spin);

  /// Every waiting call and every later one ends with an Error giving this reason. The first reason counts.
  void abort(const std::string& reason);
  /// This rank makes no more calls: who waits for it is told so.
  void rank_ended(int rank);
  /// A message that nobody received, in words; empty when there is none.
  std::string unreceived() const;

 private:
  struct alignas(64) Slot {
    Call call;
    std::atomic<std::int64_t> arrivals{0};
    std::atomic<bool> ended{false};
  };
  struct Message {
    Call call;
    std::vector<std::byte> payload;
  };
  struct Mailbox {
    mutable std::mutex mutex;
    std::deque<Message> messages;
    std::vector<std::vector<std::byte>> spare;  // payloads read, kept so that the next message finds its pages mapped
    WaitWord arrived;
  };

  Mailbox& mailbox(int from, int to) { return mailboxes_[static_cast<std::size_t>(from * size_ + to)]; }
  Slot& slot(int rank) { return slots_[static_cast<std::size_t>(rank)]; }
  /// Ends the group unless the meeting that followed `seen` took place or it ended before.
  void abort_meeting(std::uint32_t seen, const std::string& reason);
  [[noreturn]] void throw_ended(int rank, const Call& call);
  void throw_if_ended(int rank, const Call& call);
  std::string absent_from(int rank, std::int64_t meeting);
  WaitWord::Deadline deadline() const;

  int size_;
  double arrival_limit_seconds_;
  std::vector<Slot> slots_;
  std::vector<Mailbox> mailboxes_;
  std::mutex reason_mutex_;
  std::string reason_;
  /// Counts the meetings that took place in its low bits; kEnded on top.
  alignas(64) WaitWord meetings_;
  std::atomic<int> entered_{0};
  alignas(64) WaitWord departures_;
  std::atomic<int> left_{0};
};

}  // namespace lockstep
