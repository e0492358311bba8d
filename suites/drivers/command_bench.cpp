// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include "suites/drivers/options.hpp"

#include <iostream>
#include <memory>

#include "harness/simt/check_mode.hpp"
#include "suites/drivers/ceilings.hpp"
#include "suites/drivers/cli.hpp"
#include "suites/drivers/environment.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/library_list.hpp"
#include "suites/drivers/number_checks.hpp"
#include "suites/drivers/pass_through.hpp"
#include "suites/drivers/run_stages.hpp"

namespace lockstep {
namespace {

struct BenchRun {
  Selection selection;
  double budget_seconds = 0.5;
  bool all = false;
  std::string program;
  ReportBuilder builder;
  std::unique_ptr<ListedLibraries> libraries;
  bool failed = false;
};

/// One benchmark: a worker process measures, Google Benchmark counts the samples as manual times. Fixed iterations, since
/// its own time limit does not see manual time.
void run_benchmark(benchmark::State& state, BenchRun& run, const Case& item) {
  PoolOptions options = run.selection.pool(run.program);
  options.workers = 1;
  WorkerPool pool(std::move(options), {{.kind = TaskKind::measure,
                                        .id = item.id(),
                                        .seed = run.selection.seed,
                                        .coverage = run.selection.coverage_value(),
                                        .seconds = run.budget_seconds}});
  const TaskResult* result = pool.wait_for(0);
  if (!result) return state.SkipWithError("interrupted");
  run.builder.add_case(item, run.selection.seed, *result);
  if (result->verdict.outcome != Outcome::passed) {
    run.failed =
        run.failed || (result->verdict.outcome != Outcome::skipped && result->verdict.outcome != Outcome::refused);
    return state.SkipWithError((std::string(name_of(result->verdict.outcome)) + ": " + result->verdict.reason).c_str());
  }
  run.builder.add_measurements(item, *result);
  const Measurement& measurement = result->measurements.front();
  const double median = median_of(measurement.samples_seconds);
  for (auto _ : state) state.SetIterationTime(median);
  const Cost cost = item.definition->cost(item.problem());
  state.counters["bytes_per_second"] = cost.bytes / median;
  state.counters["flops_per_second"] = cost.flops / median;
  state.counters["samples"] = static_cast<double>(measurement.samples_seconds.size());
}

/// Google Benchmark answers an unknown format with its usage and exit status 0.
void reject_unknown_formats(const std::vector<std::string>& extras) {
  for (const std::string& extra : extras)
    for (const std::string option : {"--benchmark_format=", "--benchmark_out_format="}) {
      if (!extra.starts_with(option)) continue;
      const std::string format = extra.substr(option.size());
      if (format != "console" && format != "json" && format != "csv")
        throw Error(option + format + ": unknown format; accepted: console, json, csv");
    }
}

}  // namespace

CommandBody add_bench_command(Options& command, const Surroundings& surroundings) {
  auto run = std::make_shared<BenchRun>();
  run->selection.add_options(command);
  command.add_option("--budget", run->budget_seconds, "seconds of measuring per case and repetition")
      .check(reject_amount)
      .show_default();
  command.add_flag("--all", run->all, "time small cases too, not only the large ones and the models");
  command.footer(
      "Google Benchmark's flags pass through (--benchmark_filter, --benchmark_repetitions, --benchmark_out, ...).");
  return [run, surroundings](const std::vector<std::string>& extras) -> int {
    if (simt::check_mode())
      throw Error("bench: this build checks every access of the kernels; accepted: another preset");
    PassThrough arguments(extras, "--benchmark_");
    reject_unknown_formats(extras);
    if (!run->selection.out.empty()) prepare_folder(run->selection.out);
    run->program = surroundings.program;
    const std::string started = utc_now();
    const bool gpu = run->selection.device == "auto" && gpu_unavailable().empty();
    const InterruptGuard guard;
    std::size_t registered = 0;
    // Cases point into the catalogue, and Google Benchmark runs them when this function is at its end.
    run->libraries = std::make_unique<ListedLibraries>(surroundings.catalogue, run->selection, surroundings.program);
    run->builder.set_rerun_options(run->selection.rerun_options());
    for (const LibraryFailure& failure : run->libraries->failures()) {
      std::cerr << "lockstep: " << failure.id() << " " << name_of(failure.outcome) << ": " << failure.reason << "\n";
      run->builder.add_library_failure(failure);
      run->failed = true;
    }
    for (const Case& item : run->libraries->select()) {
      const bool possible = runs_on(item.implementation->backend, DeviceKind::cpu) || gpu;
      if (!possible || !(run->all || !run->selection.cases.empty() || is_timed(item, gpu))) continue;
      benchmark::RegisterBenchmark(item.id().c_str(),
                                   [run, item](benchmark::State& state) { run_benchmark(state, *run, item); })
          ->UseManualTime()
          ->Iterations(1)
          ->Unit(benchmark::kMicrosecond);
      ++registered;
    }
    if (registered == 0 && !run->failed)
      throw NothingSelected("no selected case is timed here: emulated runs are judged, never timed");
    benchmark::Initialize(&arguments.count(), arguments.values());
    arguments.reject_rest();
    const std::size_t ran = benchmark::RunSpecifiedBenchmarks();
    if (ran == 0 && !run->failed) return kNothingRan;  // Google Benchmark has said that nothing matches
    if (!run->selection.out.empty()) {
      for (reports::Ceiling& ceiling : measure_copy_ceilings()) run->builder.add_ceiling(std::move(ceiling));
      reports::Run description;
      description.command = surroundings.command_line;
      description.suite = "bench";
      description.seed = run->selection.seed;
      description.started_utc = started;
      description.interrupted = interrupted();
      description.exit_status = interrupted() ? kInterrupted : run->failed ? kFailed : kPassed;
      write_reports(run->builder.finish(description, "lockstep"), run->selection.out);
    }
    return interrupted() ? kInterrupted : run->failed ? kFailed : kPassed;
  };
}

}  // namespace lockstep
