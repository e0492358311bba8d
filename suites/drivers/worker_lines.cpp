// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/worker_lines.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "harness/data/error.hpp"
#include "suites/drivers/task_json.hpp"

namespace lockstep {

std::string request_line(std::size_t number, const Task& task) {
  return std::to_string(number) + " " + to_json(task).dump() + "\n";
}

WorkerRequest parse_request(const std::string& line) {
  const std::size_t space = line.find(' ');
  return {line.substr(0, space), task_from_json(nlohmann::json::parse(line.substr(space + 1)))};
}

std::string begun_line(std::string_view task) { return "B " + std::string(task) + "\n"; }

std::string result_line(std::string_view task, const TaskResult& result) {
  return "R " + std::string(task) + " " + to_json(result).dump() + "\n";
}

WorkerAnswer parse_worker_answer(std::string_view line) {
  const bool is_result = line.starts_with("R ");
  if (!is_result && !line.starts_with("B "))
    throw Error("a line that is no answer; accepted: B or R with the number of a task");
  const char* const end = line.data() + line.size();
  WorkerAnswer answer;
  const auto [behind, status] = std::from_chars(line.data() + 2, end, answer.task);
  if (status != std::errc() || (is_result ? behind == end || *behind != ' ' : behind != end))
    throw Error("an answer without the number of its task");
  if (!is_result) return answer;
  try {
    answer.result = task_result_from_json(nlohmann::json::parse(behind + 1, end));
  } catch (const nlohmann::json::exception&) {
    throw Error("a result that is no JSON, or not that of a result");
  }
  return answer;
}

}  // namespace lockstep
