// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "suites/drivers/worker_pool.hpp"

namespace lockstep {

using Clock = std::chrono::steady_clock;

/// Runs tasks in worker processes and shows progress as `title`. A task that had not ended when `until` passed, or when the
/// run was interrupted, has no result.
std::vector<std::optional<TaskResult>> run_stage(const std::string& title, const PoolOptions& pool,
                                                 std::vector<Task> tasks,
                                                 std::optional<Clock::time_point> until = std::nullopt);

}  // namespace lockstep
