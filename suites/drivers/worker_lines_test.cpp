// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/worker_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/data/error.hpp"
#include "suites/drivers/task_json.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

WorkerAnswer read_back(std::string line) {
  EXPECT_EQ(line.back(), '\n');
  line.pop_back();
  return parse_worker_answer(line);
}

std::string refusal(const std::string& line) {
  try {
    parse_worker_answer(line);
  } catch (const Error& error) {
    return error.what();
  }
  return "read";
}

/// The line of a result, one field of whose verdict is something else.
std::string line_with(const char* field, const nlohmann::json& value) {
  nlohmann::json json = to_json(TaskResult{});
  json.at("verdict").at(field) = value;
  return "R 3 " + json.dump();
}

TEST(WorkerRequest, ComesBackAsItWas) {
  const Task task{
      .kind = TaskKind::stress, .id = "gelu.forward/cuda.x/x=4", .seed = 9, .seconds = 0.25, .origin = "x=5"};
  std::string line = request_line(12, task);
  ASSERT_EQ(line.back(), '\n');
  line.pop_back();
  const WorkerRequest request = parse_request(line);
  EXPECT_EQ(request.number, "12");
  EXPECT_EQ(request.task.kind, task.kind);
  EXPECT_EQ(request.task.id, task.id);
  EXPECT_EQ(request.task.seed, task.seed);
  EXPECT_EQ(request.task.seconds, task.seconds);
  EXPECT_EQ(request.task.origin, task.origin);
}

TEST(WorkerAnswer, ReadsWhatAWorkerWrites) {
  EXPECT_EQ(read_back(begun_line("12")).task, 12u);
  EXPECT_FALSE(read_back(begun_line("12")).result);
  TaskResult result;
  result.verdict.outcome = Outcome::refused;
  result.verdict.reason = "two\nlines";
  const WorkerAnswer answer = read_back(result_line("4", result));
  EXPECT_EQ(answer.task, 4u);
  ASSERT_TRUE(answer.result);
  EXPECT_EQ(answer.result->verdict.outcome, Outcome::refused);
  EXPECT_EQ(answer.result->verdict.reason, "two\nlines");
}

TEST(WorkerAnswer, RefusesWhatIsNone) {
  for (const char* line : {"", "B", "B ", "R", "garbage", "b 1"}) EXPECT_NE(refusal(line), "read") << line;
  for (const char* line : {"B x", "B -1", "B 1 ", "B 99999999999999999999", "R 1", "R 1{}", "R x {}"})
    EXPECT_EQ(refusal(line), "an answer without the number of its task") << line;
  for (const char* line : {"R 1 ", "R 1 {", "R 1 {}", "R 1 []", "R 1 7", "R 1 {\"verdict\": 1}", "R 1 \xff"})
    EXPECT_EQ(refusal(line), "a result that is no JSON, or not that of a result") << line;
}

TEST(WorkerAnswer, RefusesNumbersThatNameNothing) {
  EXPECT_EQ(refusal(line_with("outcome", 6)), "read");
  EXPECT_EQ(refusal(line_with("outcome", 7)), "a number out of range; accepted: 0 to 6");
  EXPECT_EQ(refusal(line_with("device", -1)), "a number out of range; accepted: 0 to 2");
  EXPECT_EQ(refusal(line_with("deterministic", 256)), "a number out of range; accepted: 0 to 3");
  EXPECT_EQ(refusal(line_with("outcome", std::uint64_t{1} << 63)), "a number out of range; accepted: 0 to 6");
  EXPECT_EQ(refusal(line_with("outcome", 1.5)), "something else where a whole number belongs");
}

TEST(WorkerAnswer, RefusesWhatNoMeasurementAndNoContractIs) {
  TaskResult result;
  result.contract.emplace().partial_sums = 0;
  std::string line = result_line("1", result);
  EXPECT_EQ(refusal(line.substr(0, line.size() - 1)), "a number out of range; accepted: 1 to 9223372036854775807");
  result.contract->partial_sums = 1;
  result.contract->exp_ulp = -1;
  line = result_line("1", result);
  EXPECT_EQ(refusal(line.substr(0, line.size() - 1)), "a contract with an amount below 0");
  result.contract.reset();
  result.measurements.push_back({.samples_seconds = {}, .note = {}, .gpu_state = {}});
  line = result_line("1", result);
  EXPECT_EQ(refusal(line.substr(0, line.size() - 1)), "a measurement without a sample");
}

TEST(WorkerAnswer, RefusesAMapWithoutItsCells) {
  TaskResult result;
  result.verdict.failure.emplace().map = {2, 3, std::vector<double>(6, 0.5)};
  EXPECT_TRUE(read_back(result_line("1", result)).result);
  result.verdict.failure->map.cells.pop_back();
  const std::string line = result_line("1", result);
  EXPECT_THAT(refusal(line.substr(0, line.size() - 1)), HasSubstr("a map of 2 by 3 with 5 cells"));
}

}  // namespace
}  // namespace lockstep
