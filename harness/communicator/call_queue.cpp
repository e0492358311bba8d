// SPDX-License-Identifier: Apache-2.0
#include "harness/communicator/call_queue.hpp"

#include <exception>
#include <utility>

namespace lockstep {

class CallQueue::Entry : public PendingCall {
 public:
  explicit Entry(const Call& call) : call_(call) {}
  const Call& call() const { return call_; }
  CallOrigin origin() const { return {.on_queue = true, .made = made_}; }

  void complete(std::exception_ptr error) {
    error_ = std::move(error);
    done_.store(true, std::memory_order_release);
    done_.notify_all();
  }
  void wait() override {
    done_.wait(false, std::memory_order_acquire);
    if (error_) std::rethrow_exception(error_);
  }
  bool done() override { return done_.load(std::memory_order_acquire); }

 private:
  Call call_;
  std::chrono::steady_clock::time_point made_ = std::chrono::steady_clock::now();
  std::exception_ptr error_;
  std::atomic<bool> done_{false};
};

CallQueue::~CallQueue() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_.notify_one();
  thread_.join();
}

Handle CallQueue::start(const Call& call) {
  auto entry = std::make_shared<Entry>(call);
  if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
  unfinished_.fetch_add(1, std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    entries_.push_back(entry);
  }
  work_.notify_one();
  return Handle(std::move(entry));
}

void CallQueue::run(const Call& call) {
  if (unfinished_.load(std::memory_order_acquire) == 0)
    execute_(call, {.on_queue = false, .made = std::chrono::steady_clock::now()});
  else
    start(call).wait();
}

void CallQueue::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return ending_ || !entries_.empty(); });
    if (entries_.empty()) return;
    const std::shared_ptr<Entry> entry = std::move(entries_.front());
    entries_.pop_front();
    lock.unlock();
    std::exception_ptr error;
    try {
      execute_(entry->call(), entry->origin());
    } catch (...) {
      error = std::current_exception();
    }
    // Counted before the caller can know: a call that it makes next must find the queue empty or wait in it.
    unfinished_.fetch_sub(1, std::memory_order_release);
    entry->complete(std::move(error));
    lock.lock();
  }
}

}  // namespace lockstep
