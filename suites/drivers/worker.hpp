// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "harness/plan/case.hpp"
#include "suites/drivers/task.hpp"

namespace lockstep {

/// Runs tasks in this process.
class TaskRunner {
 public:
  /// `device`: "auto" (the GPU where there is one, else the emulator for kernels) or "emulated".
  TaskRunner(const Catalogue& catalogue, const std::string& device);
  ~TaskRunner();
  /// Whatever the case does short of killing the process becomes its outcome.
  TaskResult run(const Task& task);

 private:
  Device& device_for(Backend backend);
  const Case& find_case(const std::string& id);
  TaskResult run_rate(const Task& task);

  const Catalogue& catalogue_;
  bool allow_gpu_;
  std::unique_ptr<Device> cpu_, emulated_, gpu_;
  std::unordered_map<std::string, Case> cases_;
};

/// The body of a worker process: reads one JSON task per line, prefixed by its number ("7 {...}"), and writes "B 7" before
/// and "R 7 {...}" after running it, until end of file. Everything else that the process prints goes to standard error, so
/// that a chatty library cannot garble the answers. `memory_limit_bytes` 0 means none.
int worker_main(const Catalogue& catalogue, const std::string& device, std::uint64_t memory_limit_bytes);

}  // namespace lockstep
