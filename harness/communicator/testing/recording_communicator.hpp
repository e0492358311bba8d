// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "harness/communicator/call_queue.hpp"
#include "harness/communicator/communicator.hpp"

namespace lockstep {

/// One rank of a group that does not exist: remembers the calls that reach the transport and writes nothing.
class RecordingCommunicator : public Communicator {
 public:
  RecordingCommunicator(int rank, int size)
      : rank_(rank), size_(size), queue_([this](const Call& call, const CallOrigin&) {
          const std::lock_guard lock(mutex_);
          calls_.push_back(call);
        }) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string name() const override { return "recording"; }
  void run(const Call& call) override { queue_.run(call); }
  Handle start(const Call& call) override { return queue_.start(call); }

  std::vector<Call> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  /// The calls' numbers in the order in which they were made.
  std::vector<std::int64_t> numbers() const {
    std::vector<std::int64_t> result;
    for (const Call& call : calls()) result.push_back(call.number);
    return result;
  }

 private:
  int rank_, size_;
  mutable std::mutex mutex_;
  std::vector<Call> calls_;
  CallQueue queue_;
};

}  // namespace lockstep
