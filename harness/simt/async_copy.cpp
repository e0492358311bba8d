// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/async_copy.hpp"

#include <cstdint>

#include "harness/simt/block_runner.hpp"
#include "harness/simt/check/plain_memory.hpp"
#include "harness/simt/check_mode.hpp"

namespace lockstep::simt {

void AsyncCopies::start(unsigned thread, void* shared, const void* global, std::size_t bytes, std::size_t zeros,
                        SourcePlace place) {
  if (queues_.size() <= thread) queues_.resize(kMaximumBlockThreads);
  Queue& queue = queues_[thread];
  if constexpr (check::kIsOn) check::start_copy(shared, bytes, global, bytes - zeros, place);
  fill_plainly(shared, 0xFF, bytes);
  queue.copies.push_back(
      {.shared = shared, .global = global, .bytes = bytes, .zeros = zeros, .group = queue.groups, .place = place});
  ++unfinished_;
}

void AsyncCopies::commit(unsigned thread) {
  if (queues_.size() <= thread) queues_.resize(kMaximumBlockThreads);
  ++queues_[thread].groups;
}

void AsyncCopies::wait(unsigned thread, std::size_t pending) {
  if (queues_.size() <= thread) return;
  Queue& queue = queues_[thread];
  std::size_t done = 0;
  // Copies that were never committed belong to the group that is still open, and stay unfinished.
  for (; done < queue.copies.size() && queue.copies[done].group + pending < queue.groups; ++done) {
    const Copy& copy = queue.copies[done];
    if constexpr (check::kIsOn) check::finish_copy(copy.shared, copy.bytes, copy.place);
    if (copy.zeros < copy.bytes) copy_plainly(copy.shared, copy.global, copy.bytes - copy.zeros);
    fill_plainly(static_cast<char*>(copy.shared) + copy.bytes - copy.zeros, 0, copy.zeros);
  }
  queue.copies.erase(queue.copies.begin(), queue.copies.begin() + static_cast<std::ptrdiff_t>(done));
  unfinished_ -= done;
}

const SourcePlace* AsyncCopies::first_unfinished(unsigned thread) const {
  return queues_.size() > thread && !queues_[thread].copies.empty() ? &queues_[thread].copies.front().place : nullptr;
}

void AsyncCopies::forget() {
  for (Queue& queue : queues_) queue.copies.clear();
  unfinished_ = 0;
}

void start_async_copy(void* shared, const void* global, std::size_t bytes, std::size_t zeros, const char* file,
                      int line) {
  if (bytes != 4 && bytes != 8 && bytes != 16)
    throw_bad_argument("bytes of an asynchronous copy", static_cast<long long>(bytes), "4, 8, 16", file, line);
  if (zeros > bytes)
    throw_bad_argument("zeros of an asynchronous copy", static_cast<long long>(zeros), "0 to its bytes", file, line);
  for (const void* address : {static_cast<const void*>(shared), global})
    if (reinterpret_cast<std::uintptr_t>(address) % bytes != 0)
      throw_bad_argument("address of an asynchronous copy",
                         static_cast<long long>(reinterpret_cast<std::uintptr_t>(address)), "multiples of its bytes",
                         file, line);
  BlockRunner& runner = *BlockRunner::active();
  runner.copies().start(runner.running_thread(), shared, global, bytes, zeros, {file, line});
}

void commit_async_copies() {
  BlockRunner& runner = *BlockRunner::active();
  runner.copies().commit(runner.running_thread());
}

void wait_for_async_copies(std::size_t pending) {
  BlockRunner& runner = *BlockRunner::active();
  runner.copies().wait(runner.running_thread(), pending);
}

}  // namespace lockstep::simt
