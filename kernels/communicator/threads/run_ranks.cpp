// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/threads/run_ranks.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "harness/data/error.hpp"
#include "kernels/communicator/threads/thread_communicator.hpp"

namespace lockstep {
namespace {

constexpr int kMostRanks = 1024;

/// The threads of one run and what became of them.
class Run {
 public:
  Run(int size, const std::function<void(Communicator&)>& body, const RunRanksOptions& options)
      : group_(size, options.arrival_limit_seconds), failures_(static_cast<std::size_t>(size)), running_(size) {
    threads_.reserve(static_cast<std::size_t>(size));
    for (int rank = 0; rank < size; ++rank) threads_.emplace_back([this, rank, &body] { live(rank, body); });
    watch(options.total_limit_seconds);
    for (std::thread& thread : threads_) thread.join();
    if (first_.empty()) first_ = group_.unreceived();
  }

  const std::vector<std::string>& failures() const { return failures_; }
  const std::string& first() const { return first_; }

 private:
  void live(int rank, const std::function<void(Communicator&)>& body) {
    std::string failure;
    try {
      ThreadCommunicator communicator(group_, rank);
      body(communicator);
    } catch (const std::exception& error) {
      failure = error.what();
      if (failure.empty()) failure = "an exception without a text";
    } catch (...) {
      failure = "an exception without a text";
    }
    if (!failure.empty()) note(rank, failure);
    group_.rank_ended(rank);
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) ended_.notify_all();
  }

  void note(int rank, const std::string& failure) {
    const std::string name = "rank " + std::to_string(rank), text = name + " died: " + failure;
    {
      const std::lock_guard lock(mutex_);
      failures_[static_cast<std::size_t>(rank)] = failure;
      // What the communicator itself threw already names its rank.
      if (first_.empty()) first_ = failure.starts_with(name + ": ") ? failure : text;
    }
    group_.abort(text);
  }

  void watch(double seconds) {
    std::unique_lock lock(mutex_);
    // The system's clock, since thread checkers of today do not follow waits on the steady one.
    const auto limit =
        std::chrono::system_clock::now() +
        std::chrono::duration_cast<std::chrono::system_clock::duration>(std::chrono::duration<double>(seconds));
    if (ended_.wait_until(lock, limit, [this] { return running_ == 0; })) return;
    lock.unlock();
    group_.abort("the run took longer than its limit");
  }

  RankGroup group_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<std::string> failures_;
  std::string first_;
  int running_;
  std::vector<std::thread> threads_;
};

void check_size(int size) {
  if (size < 1 || size > kMostRanks)
    throw Error("run_ranks: " + std::to_string(size) + " ranks; accepted: 1 to " + std::to_string(kMostRanks));
}

}  // namespace

void run_ranks(int size, const std::function<void(Communicator&)>& body, RunRanksOptions options) {
  check_size(size);
  const Run run(size, body, options);
  if (!run.first().empty()) throw Error(run.first());
}

std::vector<std::string> failures_of_ranks(int size, const std::function<void(Communicator&)>& body,
                                           RunRanksOptions options) {
  check_size(size);
  return Run(size, body, options).failures();
}

}  // namespace lockstep
