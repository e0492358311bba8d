// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/threads/thread_communicator.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

#include "kernels/communicator/threads/rank_order_reduction.hpp"

namespace lockstep {
namespace {

// Slices begin on cache lines of the buffer, so that no two ranks write the same line of an aligned one.
constexpr std::int64_t kLineBytes = 64;

struct Range {
  std::int64_t first, count;
};

Range slice_of(const Call& call, int rank, int ranks) {
  const std::int64_t line = kLineBytes / static_cast<std::int64_t>(size_in_bytes(call.dtype));
  const std::int64_t lines = (call.count + line - 1) / line;
  const std::int64_t begin = std::min(call.count, lines * rank / ranks * line);
  const std::int64_t end = std::min(call.count, lines * (rank + 1) / ranks * line);
  return {begin, end - begin};
}

const std::byte* at(const void* data, std::int64_t index, DType dtype) {
  return static_cast<const std::byte*>(data) + index * static_cast<std::int64_t>(size_in_bytes(dtype));
}
std::byte* at(void* data, std::int64_t index, DType dtype) {
  return static_cast<std::byte*>(data) + index * static_cast<std::int64_t>(size_in_bytes(dtype));
}

/// In place the part lies where it belongs.
void copy_unless_in_place(void* to, const void* from, std::int64_t count, DType dtype) {
  if (to != from && count > 0) std::memcpy(to, from, static_cast<std::size_t>(count) * size_in_bytes(dtype));
}

}  // namespace

ThreadCommunicator::ThreadCommunicator(RankGroup& group, int rank)
    : group_(group),
      rank_(rank),
      core_to_spare_(std::thread::hardware_concurrency() >= static_cast<unsigned>(group.size())),
      inputs_(static_cast<std::size_t>(group.size())),
      outputs_(static_cast<std::size_t>(group.size())),
      // The communication thread never spins: the core is wanted by the rank's own computation.
      queue_(
          [this](const Call& call, const CallOrigin& origin) { execute(call, core_to_spare_ && !origin.on_queue); }) {}

void ThreadCommunicator::execute(const Call& call, bool may_spin) {
  if (call.collective == Collective::send) return group_.send(rank_, call);
  if (call.collective == Collective::receive) return group_.receive(rank_, call, may_spin);
  group_.enter(rank_, call, may_spin);
  work(call);
  group_.leave(may_spin);
}

void ThreadCommunicator::work(const Call& call) noexcept {
  switch (call.collective) {
    case Collective::all_reduce: return all_reduce_slice(call);
    case Collective::reduce_scatter: return reduce_own_part(call);
    case Collective::all_gather:
    case Collective::all_gather_uneven: return gather_parts(call);
    case Collective::broadcast:
      return copy_unless_in_place(call.out, group_.posted(call.peer).in, call.count, call.dtype);
    case Collective::all_to_all: return exchange_parts(call);
    default: return;
  }
}

void ThreadCommunicator::all_reduce_slice(const Call& call) noexcept {
  const Range slice = slice_of(call, rank_, size());
  if (size() == 1) return copy_unless_in_place(call.out, call.in, call.count, call.dtype);
  for (int other = 0; other < size(); ++other) {
    const Call& posted = group_.posted(other);
    inputs_[static_cast<std::size_t>(other)] = at(posted.in, slice.first, call.dtype);
    outputs_[static_cast<std::size_t>(other)] = at(posted.out, slice.first, call.dtype);
  }
  reduce_in_rank_order(call.reduction, call.dtype, inputs_, outputs_, slice.count);
}

void ThreadCommunicator::reduce_own_part(const Call& call) noexcept {
  if (size() == 1) return copy_unless_in_place(call.out, call.in, call.count, call.dtype);
  for (int other = 0; other < size(); ++other)
    inputs_[static_cast<std::size_t>(other)] = at(group_.posted(other).in, rank_ * call.count, call.dtype);
  outputs_[0] = call.out;
  reduce_in_rank_order(call.reduction, call.dtype, inputs_, {outputs_.data(), 1}, call.count);
}

void ThreadCommunicator::gather_parts(const Call& call) noexcept {
  std::int64_t first = 0;
  for (int other = 0; other < size(); ++other) {
    const std::int64_t count = call.counts.empty() ? call.count : call.counts[static_cast<std::size_t>(other)];
    copy_unless_in_place(at(call.out, first, call.dtype), group_.posted(other).in, count, call.dtype);
    first += count;
  }
}

void ThreadCommunicator::exchange_parts(const Call& call) noexcept {
  for (int other = 0; other < size(); ++other)
    copy_unless_in_place(at(call.out, other * call.count, call.dtype),
                         at(group_.posted(other).in, rank_ * call.count, call.dtype), call.count, call.dtype);
}

}  // namespace lockstep
