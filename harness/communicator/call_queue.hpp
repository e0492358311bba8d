// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "harness/communicator/call.hpp"
#include "harness/communicator/handle.hpp"

namespace lockstep {

/// How a call reaches the one who carries it out.
struct CallOrigin {
  /// Whether the communication thread carries it out, else the caller's.
  bool on_queue = false;
  /// When the caller made it, which may be long before its turn.
  std::chrono::steady_clock::time_point made;
};

/// The communication thread of one rank: carries out calls one after the other in the order they were started. The thread
/// begins with the first call that is started, so ranks that only block have none. One thread at a time uses the queue.
class CallQueue {
 public:
  /// `execute` carries out one call; what it throws is the answer of that call's handle.
  using Execute = std::function<void(const Call& call, const CallOrigin& origin)>;
  explicit CallQueue(Execute execute) : execute_(std::move(execute)) {}
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;
  /// Carries out what is left, then ends the thread.
  ~CallQueue();

  Handle start(const Call& call);
  /// Returns when the call is carried out: on the calling thread where nothing is before it, which saves two switches.
  void run(const Call& call);

 private:
  class Entry;
  void serve();

  Execute execute_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::shared_ptr<Entry>> entries_;
  bool ending_ = false;
  std::atomic<int> unfinished_{0};
  std::thread thread_;
};

}  // namespace lockstep
