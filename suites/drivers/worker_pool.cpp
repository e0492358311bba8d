// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/worker_pool.hpp"

#include <poll.h>

#include <algorithm>

#include "harness/data/error.hpp"
#include "suites/drivers/interrupt.hpp"

namespace lockstep {
namespace {

// Tasks sent ahead to one worker, so that it never waits for the next; they go back to the queue when it dies.
constexpr std::size_t kSentAhead = 8;
constexpr int kPollMilliseconds = 100;
// A worker that dies before its first answer, several times running, will not do better next time.
constexpr int kMostFailedStarts = 20;

/// Whole seconds as such, parts of one with two digits.
std::string seconds_text(double seconds) {
  if (seconds >= 1) return std::to_string(static_cast<int>(seconds));
  return "0." + std::to_string(100 + static_cast<int>(seconds * 100)).substr(1);
}

}  // namespace

struct WorkerPool::Worker {
  WorkerProcess process;
  std::deque<std::size_t> sent;
  std::optional<std::chrono::steady_clock::time_point> running_since;
};

WorkerPool::WorkerPool(PoolOptions options, std::vector<Task> tasks)
    : options_(std::move(options)), tasks_(std::move(tasks)), results_(tasks_.size()) {
  for (std::size_t index = 0; index < tasks_.size(); ++index) waiting_.push_back(index);
}

WorkerPool::~WorkerPool() = default;

std::size_t WorkerPool::add(Task task) {
  tasks_.push_back(std::move(task));
  results_.emplace_back();
  waiting_.push_back(tasks_.size() - 1);
  return tasks_.size() - 1;
}

void WorkerPool::start_missing_workers() {
  const std::size_t useful =
      std::min<std::size_t>(static_cast<std::size_t>(options_.workers), tasks_.size() - finished_);
  while (workers_.size() < useful && !waiting_.empty()) {
    if (starts_without_answer_ > kMostFailedStarts)
      throw Error("workers end before they answer; the program " + options_.command[0] + " cannot run cases");
    workers_.push_back({WorkerProcess(options_.command), {}, std::nullopt});
    feed(workers_.back());
  }
}

void WorkerPool::feed(Worker& worker) {
  while (worker.sent.size() < kSentAhead && !waiting_.empty()) {
    // Long tasks are not hoarded: with few left, every worker gets its share.
    if (!worker.sent.empty() && waiting_.size() < static_cast<std::size_t>(options_.workers)) return;
    const std::size_t index = waiting_.front();
    if (!worker.process.send(request_line(index, tasks_[index]))) return;
    waiting_.pop_front();
    worker.sent.push_back(index);
  }
}

void WorkerPool::store(std::size_t index, TaskResult result) {
  if (results_[index]) return;
  results_[index] = std::move(result);
  ++finished_;
  if (on_result_) on_result_(index, *results_[index]);
}

std::optional<std::string> WorkerPool::take_answers(Worker& worker) {
  const auto unreadable = [](const Error& error) {
    return "where its worker's answers go came " + std::string(error.what());
  };
  std::vector<std::string> lines;
  bool is_open = false;
  try {
    is_open = worker.process.receive(lines);
  } catch (const Error& error) {
    return unreadable(error);
  }
  for (const std::string& line : lines) {
    WorkerAnswer answer;
    try {
      answer = parse_worker_answer(line);
      check_turn(worker, answer);
    } catch (const Error& error) {
      return unreadable(error);
    }
    take(worker, std::move(answer));
  }
  if (is_open) return std::nullopt;
  return "";
}

void WorkerPool::check_turn(const Worker& worker, const WorkerAnswer& answer) {
  const bool is_turn = !worker.sent.empty() && worker.sent.front() == answer.task;
  if (!is_turn || worker.running_since.has_value() != answer.result.has_value())
    throw Error("an answer to task " + std::to_string(answer.task) + ", which is not its turn");
}

void WorkerPool::take(Worker& worker, WorkerAnswer answer) {
  starts_without_answer_ = 0;
  if (!answer.result) {
    worker.running_since = std::chrono::steady_clock::now();
    return;
  }
  worker.sent.pop_front();
  worker.running_since.reset();
  store(answer.task, std::move(*answer.result));
}

void WorkerPool::lose(Worker& worker, Outcome outcome, std::string reason) {
  ++starts_without_answer_;
  const std::string end = worker.process.finish();
  if (reason.empty())
    reason = "the worker " + std::string(end.starts_with("killed") ? "was " : "") + end +
             (end.starts_with("killed by signal 9") ? ", perhaps for memory" : "");
  // Only the task in front had begun; the others were merely queued.
  if (!worker.sent.empty() && worker.running_since) {
    TaskResult result;
    result.verdict.outcome = outcome;
    result.verdict.reason = reason;
    const std::size_t index = worker.sent.front();
    worker.sent.pop_front();
    store(index, std::move(result));
  }
  for (auto index = worker.sent.rbegin(); index != worker.sent.rend(); ++index) waiting_.push_front(*index);
  worker.sent.clear();
}

void WorkerPool::pump() {
  start_missing_workers();
  // Also those that say nothing: an idle one must take over what a worker that died was sent.
  for (Worker& worker : workers_) feed(worker);
  std::vector<pollfd> files;
  for (const Worker& worker : workers_) files.push_back({worker.process.answers(), POLLIN, 0});
  if (poll(files.data(), files.size(), kPollMilliseconds) < 0) return;  // interrupted by a signal
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::size_t> gone;
  for (std::size_t w = 0; w < workers_.size(); ++w) {
    Worker& worker = workers_[w];
    if (files[w].revents != 0) {
      if (const auto end = take_answers(worker)) {
        lose(worker, Outcome::crashed, *end);
        gone.push_back(w);
        continue;
      }
      feed(worker);
    }
    const double running =
        worker.running_since ? std::chrono::duration<double>(now - *worker.running_since).count() : 0.0;
    if (running > options_.timeout_seconds) {
      lose(worker, Outcome::timed_out, "no end after " + seconds_text(options_.timeout_seconds) + " seconds");
      gone.push_back(w);
    }
  }
  for (auto w = gone.rbegin(); w != gone.rend(); ++w)
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(*w));
}

const TaskResult* WorkerPool::wait_for(std::size_t index) {
  while (!results_[index] && !interrupted()) pump();
  return results_[index] ? &*results_[index] : nullptr;
}

void WorkerPool::wait_for_all(const std::function<void(std::size_t, const TaskResult&)>& on_result) {
  on_result_ = on_result;
  while (finished_ < tasks_.size() && !interrupted()) pump();
  on_result_ = nullptr;
}

}  // namespace lockstep
