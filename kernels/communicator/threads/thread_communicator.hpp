// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/communicator/call_queue.hpp"
#include "harness/communicator/communicator.hpp"
#include "kernels/communicator/threads/rank_group.hpp"

namespace lockstep {

/// A rank that is a thread: ranks read and write each other's buffers, between two meetings of all. An all_reduce is split
/// by elements; each rank reduces its slice of all inputs in rank order and writes it to all outputs, so with two ranks as
/// many bytes move as when both copy their buffer once.
/// A send copies the payload and returns; so any order of sends and receives that could work works.
class ThreadCommunicator : public Communicator {
 public:
  /// `group` is shared by all ranks and outlives them.
  ThreadCommunicator(RankGroup& group, int rank);

  int rank() const override { return rank_; }
  int size() const override { return group_.size(); }
  std::string name() const override { return "threads"; }
  void run(const Call& call) override { queue_.run(call); }
  Handle start(const Call& call) override { return queue_.start(call); }

 private:
  void execute(const Call& call, bool may_spin);
  void work(const Call& call) noexcept;
  void all_reduce_slice(const Call& call) noexcept;
  void reduce_own_part(const Call& call) noexcept;
  void gather_parts(const Call& call) noexcept;
  void exchange_parts(const Call& call) noexcept;

  RankGroup& group_;
  int rank_;
  bool core_to_spare_;
  std::vector<const void*> inputs_;
  std::vector<void*> outputs_;
  CallQueue queue_;  // last: its thread ends before what it uses
};

}  // namespace lockstep
