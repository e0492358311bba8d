// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "harness/plan/case.hpp"
#include "harness/plugin/kernel_library.hpp"
#include "suites/drivers/task.hpp"

namespace lockstep {

/// What a worker is told when it starts.
struct WorkerOptions {
  /// "auto" (the GPU where there is one, else the emulator for kernels) or "emulated".
  std::string device = "auto";
  /// 0: none.
  std::uint64_t memory_limit_bytes = 0;
  std::vector<std::string> libraries;
  std::int64_t workspace_limit_bytes = KernelLibrary::kWorkspaceLimitBytes;
};

/// Runs tasks in this process. A library is loaded by the first task that names it: what comes of loading is that task's
/// outcome, and libraries cannot spoil each other's cases.
class TaskRunner {
 public:
  TaskRunner(const Catalogue& catalogue, const WorkerOptions& options);
  ~TaskRunner();
  /// Whatever the case does short of killing the process becomes its outcome.
  TaskResult run(const Task& task);

 private:
  struct Loaded;
  Device& device_of_kind(DeviceKind kind);
  Device& device_for(const Implementation& implementation);
  const Case& find_case(const std::string& id);
  /// The catalogue that has an id: the tree's own, or that with the library whose kernel it names.
  const Catalogue& catalogue_of(const std::string& id);
  TaskResult run_rate(const Task& task);
  std::vector<FaultTrial> faults_of(const Problem& problem, std::uint64_t seed);
  TaskResult run_case(const Task& task);

  const Catalogue& catalogue_;
  WorkerOptions options_;
  std::unique_ptr<Device> cpu_, emulated_, gpu_;
  std::unordered_map<std::string, std::unique_ptr<Loaded>> loaded_;
  std::unordered_map<std::string, Case> cases_;
};

/// The body of a worker process: reads one JSON task per line, prefixed by its number ("7 {...}"), and writes "B 7" before
/// and "R 7 {...}" after running it, until end of file. Everything else that the process prints goes to standard error, so
/// that a chatty library cannot garble the answers.
int worker_main(const Catalogue& catalogue, const WorkerOptions& options);

}  // namespace lockstep
