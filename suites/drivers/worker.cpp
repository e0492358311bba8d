// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/worker.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <new>

#include "harness/data/error.hpp"
#include "harness/plan/measure_case.hpp"
#include "suites/drivers/images.hpp"

namespace lockstep {
namespace {

/// "layer_norm.forward/x=..." of a faults task.
Problem problem_of(const std::string& id) {
  const std::size_t slash = id.find('/');
  if (slash == std::string::npos)
    throw Error("malformed problem id '" + id + "'; accepted: operator.direction/problem");
  return parse_problem(id.substr(0, slash), id.substr(slash + 1));
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

TaskRunner::TaskRunner(const Catalogue& catalogue, const std::string& device)
    : catalogue_(catalogue), allow_gpu_(device == "auto") {}
TaskRunner::~TaskRunner() = default;

Device& TaskRunner::device_for(Backend backend) {
  if (runs_on(backend, DeviceKind::cpu)) {
    if (!cpu_) cpu_ = make_host_device(DeviceKind::cpu);
    return *cpu_;
  }
  if (allow_gpu_ && !gpu_ && gpu_unavailable().empty()) gpu_ = make_gpu_device();
  if (gpu_) return *gpu_;
  if (!emulated_) emulated_ = make_host_device(DeviceKind::emulated);
  return *emulated_;
}

const Case& TaskRunner::find_case(const std::string& id) {
  const auto found = cases_.find(id);
  if (found != cases_.end()) return found->second;
  return cases_.emplace(id, catalogue_.parse_case(id)).first->second;
}

TaskResult TaskRunner::run_rate(const Task& task) {
  TaskResult result;
  const Case& item = find_case(task.id);
  Device& device = device_for(item.implementation->backend);
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

TaskResult TaskRunner::run(const Task& task) {
  TaskResult result;
  try {
    if (task.kind == TaskKind::faults) {
      const Problem problem = problem_of(task.id);
      result.faults = try_faults(*catalogue_.find(problem.operator_name).definition, problem, task.seed);
      result.verdict.outcome = Outcome::passed;
      return result;
    }
    if (task.kind == TaskKind::rate) return run_rate(task);
    const Case& item = find_case(task.id);
    Device& device = device_for(item.implementation->backend);
    const VerifyOptions options{.seed = task.seed, .coverage = task.coverage};
    if (task.kind == TaskKind::measure) {
      MeasurePolicy policy;
      policy.budget_seconds = task.seconds;
      TimedCase timed = measure_case(item, device, policy, options);
      result.verdict = std::move(timed.verdict);
      result.measurements = std::move(timed.measurements);
    } else {
      result.verdict = verify_case(item, device, options);
    }
  } catch (const std::exception& error) {
    result.verdict.outcome = Outcome::failed;
    result.verdict.reason = error.what();
  }
  return result;
}

int worker_main(const Catalogue& catalogue, const std::string& device, std::uint64_t memory_limit_bytes) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a parent that is killed leaves no worker behind
  pollfd requests{STDIN_FILENO, 0, 0};
  // The parent may have been killed before that line: then nobody holds the other end of standard input.
  if (poll(&requests, 1, 0) > 0 && (requests.revents & POLLHUP) != 0) return 0;
  signal(SIGINT, SIG_IGN);  // Ctrl-C is the parent's to answer
  if (memory_limit_bytes > 0) {
    const rlimit limit{memory_limit_bytes, memory_limit_bytes};
    setrlimit(RLIMIT_AS, &limit);
  }
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const int answers = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  // Out of memory outside any case leaves no way on; inside one, verify_case turns bad_alloc into an outcome.
  offer_fashion_mnist();
  TaskRunner runner(catalogue, device);
  LineReader reader;
  for (std::string line; reader.next(line);) {
    const std::size_t space = line.find(' ');
    const std::string number = line.substr(0, space);
    write_all(answers, "B " + number + "\n");
    const TaskResult result = runner.run(task_from_json(nlohmann::json::parse(line.substr(space + 1))));
    write_all(answers, "R " + number + " " + to_json(result).dump() + "\n");
  }
  return 0;
}

}  // namespace lockstep
