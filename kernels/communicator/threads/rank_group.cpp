// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/threads/rank_group.hpp"

#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

constexpr std::uint32_t kEnded = 0x80000000u;

bool has_ended(std::uint32_t meetings) { return (meetings & kEnded) != 0; }
std::uint32_t after(std::uint32_t meetings) { return (meetings + 1) & ~kEnded; }

std::string in_seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", seconds);
  return text;
}

}  // namespace

RankGroup::RankGroup(int size, double arrival_limit_seconds)
    : size_(size),
      arrival_limit_seconds_(arrival_limit_seconds),
      slots_(static_cast<std::size_t>(size)),
      mailboxes_(static_cast<std::size_t>(size) * static_cast<std::size_t>(size)) {}

WaitWord::Deadline RankGroup::deadline() const {
  return WaitWord::Clock::now() +
         std::chrono::duration_cast<WaitWord::Clock::duration>(std::chrono::duration<double>(arrival_limit_seconds_));
}

void RankGroup::throw_ended(int rank, const Call& call) {
  const std::lock_guard lock(reason_mutex_);
  throw Error("rank " + std::to_string(rank) + ": " + describe(call) + ": " + reason_);
}

void RankGroup::throw_if_ended(int rank, const Call& call) {
  if (has_ended(meetings_.load())) throw_ended(rank, call);
}

void RankGroup::abort_meeting(std::uint32_t seen, const std::string& reason) {
  const std::lock_guard lock(reason_mutex_);  // who sees the mark waits here until the reason stands
  if (has_ended(seen) || !meetings_.compare_exchange(seen, seen | kEnded)) return;
  reason_ = reason;
  meetings_.wake_all();
  for (Mailbox& each : mailboxes_) {
    each.arrived.increment();
    each.arrived.wake_all();
  }
}

void RankGroup::abort(const std::string& reason) {
  // A meeting that takes place in between changes the word: then the mark goes behind it.
  for (std::uint32_t seen = meetings_.load(); !has_ended(seen); seen = meetings_.load()) abort_meeting(seen, reason);
}

std::string RankGroup::absent_from(int rank, std::int64_t meeting) {
  std::string absent;
  for (int other = 0; other < size_; ++other)
    if (other != rank && slot(other).arrivals.load() < meeting)
      absent += (absent.empty() ? "rank " : ", rank ") + std::to_string(other);
  return absent;
}

void RankGroup::enter(int rank, const Call& call, bool may_spin) {
  Slot& own = slot(rank);
  const std::uint32_t seen = meetings_.load();
  if (has_ended(seen)) throw_ended(rank, call);
  own.call = call;
  const std::int64_t meeting = own.arrivals.fetch_add(1) + 1;
  if (entered_.fetch_add(1) + 1 == size_) {
    entered_.store(0);
    std::uint32_t expected = seen;
    if (!meetings_.compare_exchange(expected, after(seen))) throw_ended(rank, call);
    meetings_.wake_all();
  } else {
    for (int other = 0; other < size_; ++other)
      if (slot(other).ended.load()) abort_meeting(seen, "rank " + std::to_string(other) + " ended without this call");
    if (meetings_.wait_while(seen, may_spin, deadline()) == seen)
      abort_meeting(seen, "rank " + std::to_string(rank) + " waited " + in_seconds(arrival_limit_seconds_) + " at " +
                              describe(call) + " for " + absent_from(rank, meeting));
    if ((meetings_.load() & ~kEnded) != after(seen)) throw_ended(rank, call);
  }
  for (int other = 0; other < size_; ++other) {
    if (matches(posted(other), call)) continue;
    // Every rank finds a difference and the same text, and none of them touches a buffer.
    std::string reason = "the ranks' calls differ:";
    for (int each = 0; each < size_; ++each)
      reason += (each ? "; rank " : " rank ") + std::to_string(each) + ' ' + describe(posted(each));
    abort(reason);
    throw_ended(rank, call);
  }
}

void RankGroup::leave(bool may_spin) noexcept {
  const std::uint32_t seen = departures_.load();
  if (left_.fetch_add(1) + 1 == size_) {
    left_.store(0);
    departures_.increment();
    departures_.wake_all();
  } else {
    departures_.wait_while(seen, may_spin, std::nullopt);
  }
}

void RankGroup::send(int rank, const Call& call) {
  throw_if_ended(rank, call);
  Mailbox& box = mailbox(rank, call.peer);
  const std::size_t bytes = static_cast<std::size_t>(call.count) * size_in_bytes(call.dtype);
  Message message{call, {}};
  {
    const std::lock_guard lock(box.mutex);
    if (!box.spare.empty()) {
      message.payload = std::move(box.spare.back());
      box.spare.pop_back();
    }
  }
  message.payload.resize(bytes);
  if (bytes) std::memcpy(message.payload.data(), call.in, bytes);
  {
    const std::lock_guard lock(box.mutex);
    box.messages.push_back(std::move(message));
  }
  box.arrived.increment();
  box.arrived.wake_all();
}

void RankGroup::receive(int rank, const Call& call, bool may_spin) {
  Mailbox& box = mailbox(call.peer, rank);
  const WaitWord::Deadline limit = deadline();
  const std::string waited = "rank " + std::to_string(rank) + " at " + describe(call);
  for (;;) {
    throw_if_ended(rank, call);
    const std::uint32_t seen = box.arrived.load();
    const bool over = slot(call.peer).ended.load();  // read before the box: its last message is in there by now
    std::unique_lock lock(box.mutex);
    if (!box.messages.empty()) {
      Message message = std::move(box.messages.front());
      box.messages.pop_front();
      lock.unlock();
      const Call& sent = message.call;
      if (sent.count != call.count || sent.dtype != call.dtype || sent.number != call.number) {
        abort(waited + " got rank " + std::to_string(call.peer) + "'s " + describe(sent));
        throw_ended(rank, call);
      }
      if (!message.payload.empty()) std::memcpy(call.out, message.payload.data(), message.payload.size());
      lock.lock();
      box.spare.push_back(std::move(message.payload));
      return;
    }
    lock.unlock();
    if (over)
      abort(waited + ": rank " + std::to_string(call.peer) + " ended without sending");
    else if (box.arrived.wait_while(seen, may_spin, limit) == seen)
      abort(waited + " waited " + in_seconds(arrival_limit_seconds_) + " for rank " + std::to_string(call.peer));
  }
}

void RankGroup::rank_ended(int rank) {
  const std::uint32_t seen = meetings_.load();
  slot(rank).ended.store(true);
  for (int other = 0; other < size_; ++other) {
    mailbox(rank, other).arrived.increment();
    mailbox(rank, other).arrived.wake_all();
  }
  // This rank takes part in no meeting after `seen`, so whoever entered one waits in vain.
  if (entered_.load() > 0) abort_meeting(seen, "rank " + std::to_string(rank) + " ended without this call");
}

std::string RankGroup::unreceived() const {
  for (int from = 0; from < size_; ++from)
    for (int to = 0; to < size_; ++to) {
      const Mailbox& box = mailboxes_[static_cast<std::size_t>(from * size_ + to)];
      const std::lock_guard lock(box.mutex);
      if (!box.messages.empty())
        return "nobody received rank " + std::to_string(from) + "'s " + describe(box.messages.front().call);
    }
  return "";
}

}  // namespace lockstep
