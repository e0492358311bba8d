// SPDX-License-Identifier: Apache-2.0
#include "suites/release/task_stage.hpp"

#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/progress.hpp"

namespace lockstep {

std::vector<std::optional<TaskResult>> run_stage(const std::string& title, const PoolOptions& pool,
                                                 std::vector<Task> tasks, std::optional<Clock::time_point> until) {
  std::vector<std::optional<TaskResult>> results(tasks.size());
  if (tasks.empty() || interrupted()) return results;
  WorkerPool workers(pool, std::move(tasks));
  Progress progress(title, workers.size());
  for (std::size_t index = 0; index < workers.size() && !interrupted(); ++index) {
    if (until && Clock::now() >= *until) break;
    if (!workers.wait_for(index)) break;
    progress.advance(workers.finished(), workers.task(index).id);
  }
  for (std::size_t index = 0; index < workers.size(); ++index)
    if (const TaskResult* result = workers.result(index)) results[index] = *result;
  return results;
}

}  // namespace lockstep
