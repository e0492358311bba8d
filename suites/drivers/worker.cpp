// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/worker.hpp"

#include <malloc.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <new>

#include "harness/data/error.hpp"
#include "harness/plan/kernel_faults.hpp"
#include "harness/plan/measure_case.hpp"
#include "harness/plan/refusal.hpp"
#include "harness/plan/stress_case.hpp"
#include "harness/plugin/outside_name.hpp"
#include "suites/drivers/images.hpp"
#include "suites/drivers/worker_lines.hpp"

namespace lockstep {
namespace {

/// "layer_norm.forward/x=..." of a faults task.
Problem problem_of(const std::string& id) {
  const std::size_t slash = id.find('/');
  if (slash == std::string::npos)
    throw Error("malformed problem id '" + id + "'; accepted: operator.direction/problem");
  return parse_problem(id.substr(0, slash), id.substr(slash + 1));
}

/// The tensors of one case are as large as those of the next: memory that went back to the system in between would be
/// cleared and mapped page by page again, a tenth of the time of judging.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 128 << 20);
}

/// A kernel from outside that takes strided tensors must take rows whose offsets do not fit 32 bits.
void lay_rows_apart(const Case& item, Device& device, const VerifyOptions& options, CaseResult& verdict) {
  if (item.problem().layout != Layout::strided) return;
  const StressFinding finding = stress_far_strides(item, device, {.seed = options.seed, .coverage = options.coverage});
  if (finding.outcome != Outcome::failed) return;
  verdict.outcome = Outcome::failed;
  verdict.reason = "with rows more than 2^31 elements apart: " + finding.reason;
  verdict.failure.emplace().message = verdict.reason;
}

class LineReader {
 public:
  bool next(std::string& line) {
    while (true) {
      if (const std::size_t end = buffer_.find('\n', at_); end != std::string::npos) {
        line.assign(buffer_, at_, end - at_);
        at_ = end + 1;
        return true;
      }
      buffer_.erase(0, at_);
      at_ = 0;
      char chunk[65536];
      const ssize_t got = read(STDIN_FILENO, chunk, sizeof chunk);
      if (got <= 0) return false;
      buffer_.append(chunk, static_cast<std::size_t>(got));
    }
  }

 private:
  std::string buffer_;
  std::size_t at_ = 0;
};

void write_all(int file, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = write(file, text.data() + done, text.size() - done);
    if (wrote <= 0) _exit(1);  // the parent is gone: nobody is left to tell
    done += static_cast<std::size_t>(wrote);
  }
}

}  // namespace

/// A library with the catalogue that has its kernels, and the devices that they run on by name.
struct TaskRunner::Loaded {
  Loaded(const Catalogue& own, const std::string& path, std::int64_t workspace_limit_bytes)
      : library(path, workspace_limit_bytes), catalogue(extended(own, library)) {}
  KernelLibrary library;
  Catalogue catalogue;
};

TaskRunner::TaskRunner(const Catalogue& catalogue, const WorkerOptions& options)
    : catalogue_(catalogue), options_(options) {}
TaskRunner::~TaskRunner() = default;

Device& TaskRunner::device_of_kind(DeviceKind kind) {
  std::unique_ptr<Device>& device = kind == DeviceKind::cpu ? cpu_ : kind == DeviceKind::gpu ? gpu_ : emulated_;
  if (!device) device = kind == DeviceKind::gpu ? make_gpu_device() : make_host_device(kind);
  return *device;
}

Device& TaskRunner::device_for(const Implementation& implementation) {
  const bool has_gpu = options_.device == "auto" && gpu_unavailable().empty();
  DeviceKind kind = runs_on(implementation.backend, DeviceKind::cpu) ? DeviceKind::cpu
                    : has_gpu                                        ? DeviceKind::gpu
                                                                     : DeviceKind::emulated;
  // A library was compiled for one device, and says which.
  if (const auto found = loaded_.find(std::string(library_of(implementation))); found != loaded_.end())
    for (const OutsideKernel& kernel : found->second->library.kernels())
      if (kernel.name == implementation.idea && kernel.device == DeviceKind::emulated) kind = kernel.device;
  return device_of_kind(kind);
}

const Catalogue& TaskRunner::catalogue_of(const std::string& id) {
  const std::size_t first = id.find('/'), second = id.find('/', first + 1);
  if (first == std::string::npos || second == std::string::npos) return catalogue_;
  const std::string owner(owner_in_name(std::string_view(id).substr(first + 1, second - first - 1)));
  for (const std::string& path : options_.libraries) {
    if (library_name(path) != owner) continue;
    std::unique_ptr<Loaded>& loaded = loaded_[owner];
    if (!loaded) loaded = std::make_unique<Loaded>(catalogue_, path, options_.workspace_limit_bytes);
    return loaded->catalogue;
  }
  return catalogue_;
}

const Case& TaskRunner::find_case(const std::string& id) {
  const auto found = cases_.find(id);
  if (found != cases_.end()) return found->second;
  return cases_.emplace(id, catalogue_of(id).parse_case(id)).first->second;
}

TaskResult TaskRunner::run_rate(const Task& task) {
  TaskResult result;
  const Case& item = find_case(task.id);
  Device& device = device_for(*item.implementation);
  const auto start = std::chrono::steady_clock::now();
  const auto spent = [&start] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::int64_t cases = 0;
  while (spent() < task.seconds) {
    result.verdict =
        verify_case(item, device, {.seed = task.seed + static_cast<std::uint64_t>(cases), .coverage = task.coverage});
    if (result.verdict.outcome != Outcome::passed) return result;
    ++cases;
  }
  result.cases_per_second = static_cast<double>(cases) / spent();
  return result;
}

std::vector<FaultTrial> TaskRunner::faults_of(const Problem& problem, std::uint64_t seed) {
  // A kernel's barriers and shuffles are the same whatever flows through it: small problems of the plain kind tell.
  constexpr std::int64_t kMostElements = 32768;
  const Catalogued& entry = catalogue_.find(problem.operator_name);
  std::vector<FaultTrial> trials = try_faults(*entry.definition, problem, seed);
  std::int64_t elements = 0;
  for (const TensorSpec& input : entry.definition->signature(problem).inputs) elements += element_count(input.shape);
  if (elements > kMostElements || problem.fill != Fill::normal || problem.layout != Layout::contiguous) return trials;
  for (const Implementation& implementation : entry.implementations)
    if (implementation.direction == problem.direction && runs_on(implementation.backend, DeviceKind::emulated))
      add_kernel_faults(*entry.definition, implementation, problem, device_of_kind(DeviceKind::emulated), seed, trials);
  return trials;
}

TaskResult TaskRunner::run_case(const Task& task) {
  TaskResult result;
  const Case& item = find_case(task.id);
  Device& device = device_for(*item.implementation);
  const VerifyOptions options{.seed = task.seed, .coverage = task.coverage};
  const StressOptions stress{.seed = task.seed, .coverage = task.coverage};
  switch (task.kind) {
    case TaskKind::refusal:
      result.verdict = probe_refusal(item, parse_problem(item.problem().operation(), task.origin), device, task.seed);
      break;
    case TaskKind::measure: {
      MeasurePolicy policy;
      policy.budget_seconds = task.seconds;
      TimedCase timed = measure_case(item, device, policy, options);
      result.verdict = std::move(timed.verdict);
      result.measurements = std::move(timed.measurements);
      break;
    }
    case TaskKind::stress:
      result.stress = stress_case(item, device, stress);
      result.verdict.device = device.kind();
      result.verdict.outcome = Outcome::passed;  // the findings have outcomes of their own
      break;
    case TaskKind::far_strides:
      result.stress.findings.push_back(stress_far_strides(item, device, stress));
      result.verdict.device = device.kind();
      result.verdict.outcome = Outcome::passed;
      break;
    case TaskKind::contract:
      if (!item.implementation->unsupported(item.problem(), device))
        result.contract = item.implementation->contract(item.problem());
      result.verdict.outcome = Outcome::passed;
      break;
    case TaskKind::errors: {
      Implementation measured = *item.implementation;
      measured.contract = [](const Problem&) { return PrecisionContract{.deterministic = false}; };
      result.verdict = verify_case({item.definition, &measured, item.listed}, device, options);
      break;
    }
    default:
      result.verdict = verify_case(item, device, options);
      if (result.verdict.outcome == Outcome::passed && !library_of(*item.implementation).empty())
        lay_rows_apart(item, device, options, result.verdict);
  }
  return result;
}

TaskResult TaskRunner::run(const Task& task) {
  TaskResult result;
  try {
    if (task.kind == TaskKind::faults) {
      result.faults = faults_of(problem_of(task.id), task.seed);
      result.verdict.outcome = Outcome::passed;
      return result;
    }
    if (task.kind == TaskKind::rate) return run_rate(task);
    return run_case(task);
  } catch (const std::exception& error) {
    result.verdict.outcome = Outcome::failed;
    result.verdict.reason = error.what();
  }
  return result;
}

int worker_main(const Catalogue& catalogue, const WorkerOptions& options) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a parent that is killed leaves no worker behind
  keep_freed_memory();
  pollfd requests{STDIN_FILENO, 0, 0};
  // The parent may have been killed before that line: then nobody holds the other end of standard input.
  if (poll(&requests, 1, 0) > 0 && (requests.revents & POLLHUP) != 0) return 0;
  signal(SIGINT, SIG_IGN);  // Ctrl-C is the parent's to answer
  if (options.memory_limit_bytes > 0) {
    const rlimit limit{options.memory_limit_bytes, options.memory_limit_bytes};
    setrlimit(RLIMIT_AS, &limit);
  }
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const int answers = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  // Out of memory outside any case leaves no way on; inside one, verify_case turns bad_alloc into an outcome.
  offer_fashion_mnist();
  TaskRunner runner(catalogue, options);
  LineReader reader;
  for (std::string line; reader.next(line);) {
    const WorkerRequest request = parse_request(line);
    write_all(answers, begun_line(request.number));
    const TaskResult result = runner.run(request.task);
    write_all(answers, result_line(request.number, result));
  }
  return 0;
}

}  // namespace lockstep
