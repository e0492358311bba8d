// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "suites/drivers/task.hpp"
#include "suites/drivers/worker_lines.hpp"
#include "suites/drivers/worker_process.hpp"

namespace lockstep {

struct PoolOptions {
  /// Program and arguments of a worker.
  std::vector<std::string> command;
  int workers = 2;
  /// A task that runs longer is ended and becomes timed_out.
  double timeout_seconds = 120;
};

/// Hands tasks to worker processes in order and collects their results. A worker that dies takes only the task it was
/// running with it: that one becomes crashed (or timed_out), the rest go to a new worker. So does one whose answers cannot be
/// read, since a kernel from outside may write anywhere.
class WorkerPool {
 public:
  WorkerPool(PoolOptions options, std::vector<Task> tasks);
  ~WorkerPool();

  std::size_t size() const { return tasks_.size(); }
  /// One more task, behind all others; returns its index.
  std::size_t add(Task task);
  /// From now on; also for tasks that run already.
  void set_timeout(double seconds) { options_.timeout_seconds = seconds; }
  const Task& task(std::size_t index) const { return tasks_[index]; }
  std::size_t finished() const { return finished_; }
  /// The result of a task that has ended, else null. Never waits.
  const TaskResult* result(std::size_t index) const { return results_[index] ? &*results_[index] : nullptr; }
  /// Waits for the result of one task while all workers go on with the others; nothing when interrupted first.
  const TaskResult* wait_for(std::size_t index);
  /// Waits for all, calling `on_result` after each; stops early when interrupted.
  void wait_for_all(const std::function<void(std::size_t index, const TaskResult&)>& on_result);

 private:
  struct Worker;
  void start_missing_workers();
  void feed(Worker& worker);
  /// Waits for answers for at most a short while and takes them in.
  void pump();
  /// Why a worker answers no more: "" where its process has ended, else what it said that is no answer.
  std::optional<std::string> take_answers(Worker& worker);
  /// Throws Error for an answer that is not the next of this worker.
  static void check_turn(const Worker& worker, const WorkerAnswer& answer);
  void take(Worker& worker, WorkerAnswer answer);
  void lose(Worker& worker, Outcome outcome, std::string reason);
  void store(std::size_t index, TaskResult result);

  PoolOptions options_;
  std::vector<Task> tasks_;
  std::vector<std::optional<TaskResult>> results_;
  std::deque<std::size_t> waiting_;
  std::vector<Worker> workers_;
  std::size_t finished_ = 0;
  int starts_without_answer_ = 0;
  std::function<void(std::size_t, const TaskResult&)> on_result_;
};

}  // namespace lockstep
