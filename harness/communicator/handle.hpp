// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

namespace lockstep {

/// A call that was started, as its transport sees it.
class PendingCall {
 public:
  virtual ~PendingCall() = default;
  /// Returns when the result is in place and the buffers may be reused; throws the call's Error.
  virtual void wait() = 0;
  /// Whether wait() would return, or throw, at once.
  virtual bool done() = 0;
};

/// The caller's end of a call that was started. Moves, never copies. Destroyed without a wait it waits, because the call
/// still uses the caller's buffers; an error is lost then, but it has also ended the communicator, so the next call throws.
class Handle {
 public:
  Handle() = default;
  explicit Handle(std::shared_ptr<PendingCall> call) : call_(std::move(call)) {}
  Handle(Handle&&) noexcept = default;
  Handle& operator=(Handle&& other) noexcept {
    finish();
    call_ = std::move(other.call_);
    return *this;
  }
  ~Handle() { finish(); }

  /// Throws Error where the call failed. A second wait returns at once.
  void wait() {
    const std::shared_ptr<PendingCall> call = std::exchange(call_, nullptr);
    if (call) call->wait();
  }
  /// Whether wait() would return, or throw, at once.
  bool done() const { return !call_ || call_->done(); }

 private:
  void finish() noexcept {
    try {
      wait();
    } catch (...) {  // a destructor has nobody to tell
    }
  }
  std::shared_ptr<PendingCall> call_;
};

}  // namespace lockstep
