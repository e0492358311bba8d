// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "suites/drivers/task.hpp"

namespace lockstep {

/// A line to a worker: the number of a task, and the task.
struct WorkerRequest {
  std::string number;
  Task task;
};

/// "7 {...}" with its line break.
std::string request_line(std::size_t number, const Task& task);
/// Reads such a line without its break. It comes from Lockstep itself, and is held to no more than JSON is.
WorkerRequest parse_request(const std::string& line);

/// A line of a worker: that it has begun the task of this number, or what came of it.
struct WorkerAnswer {
  std::size_t task = 0;
  std::optional<TaskResult> result;
};

/// "B 7" and "R 7 {...}", each with its line break.
std::string begun_line(std::string_view task);
std::string result_line(std::string_view task, const TaskResult& result);

/// Reads such a line without its break. Foreign kernels run in a worker and may write where its answers go: throws Error for
/// whatever is no answer, in one line without a text of it.
WorkerAnswer parse_worker_answer(std::string_view line);

}  // namespace lockstep
