// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "suites/drivers/task.hpp"

namespace lockstep {

/// Numbers that JSON has no word for travel as the strings "nan", "inf", "-inf". Reading throws Error for a number that names
/// nothing, and what nlohmann throws for JSON of another form.
nlohmann::json to_json(const Task& task);
Task task_from_json(const nlohmann::json& json);
nlohmann::json to_json(const TaskResult& result);
TaskResult task_result_from_json(const nlohmann::json& json);

}  // namespace lockstep
