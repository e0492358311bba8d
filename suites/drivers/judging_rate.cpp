// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/judging_rate.hpp"

#include <cstdio>
#include <optional>

#include "harness/measure/measurement.hpp"
#include "reports/counted_rate.hpp"
#include "suites/drivers/interrupt.hpp"

namespace lockstep {
namespace {

constexpr int kWorkers = 2;
constexpr int kWindows = 3;
constexpr double kWindowSeconds = 2.0;

/// A shape on which judging is timed. `benchdnn`: cases per second of oneDNN's own driver, version 2.6.3, in correctness
/// mode with every element checked, on a machine of two cores (give or take 30 %); 0 where it was not measured.
struct RatedShape {
  const char* name;
  const char* operation;
  const char* problem;
  double target, benchdnn;
};

constexpr RatedShape kShapes[] = {
    {"layer_norm 256x1024 forward", "layer_norm.forward", "x=256x1024,normalized_shape=1024", 500, 244},
    {"layer_norm 256x1024 backward", "layer_norm.backward", "x=256x1024,normalized_shape=1024", 250, 98},
    {"batch_norm 16x64x28x28 forward", "batch_norm.forward", "x=16x64x28x28", 200, 68},
    {"batch_norm 16x64x28x28 backward", "batch_norm.backward", "x=16x64x28x28", 100, 38},
    {"softmax 1024x1024 forward", "softmax.forward", "x=1024x1024,dim=1", 100, 31},
    {"gelu 1024x1024 forward", "gelu.forward", "x=1024x1024", 100, 29},
    {"linear 512x512x512", "linear.forward", "x=512x512,weight=512x512", 100, 5.6},
    {"linear 1024x1024x1024", "linear.forward", "x=1024x1024,weight=1024x1024", 25, 0.32},
    {"channel_shuffle 16x64x28x28", "channel_shuffle.forward", "x=16x64x28x28,groups=4", 200, 79},
    {"relu 8x64 (below 1000 elements)", "relu.forward", "x=8x64", 10000, 15205},
    {"softmax 8x64 (below 1000 elements)", "softmax.forward", "x=8x64,dim=1", 10000, 17480},
};

/// The oneDNN implementation of a shape, or nothing where this build has none for it.
std::optional<std::string> rated_case(const Catalogue& catalogue, const RatedShape& shape) {
  const auto [name, direction] = parse_operation(shape.operation);
  const Problem problem = parse_problem(shape.operation, std::string(shape.problem) + ",dtype=f32");
  const auto device = make_host_device(DeviceKind::cpu);
  for (const Catalogued& entry : catalogue.operators()) {
    if (entry.definition->name() != name) continue;
    for (const Implementation& implementation : entry.implementations)
      if (implementation.backend == Backend::onednn && implementation.direction == direction &&
          !implementation.unsupported(problem, *device))
        return std::string(shape.operation) + "/" + implementation.name() + "/" + problem.label();
  }
  return std::nullopt;
}

/// Median over windows of the sum over workers; throws Error when a case fails while it is timed.
double rate_of(const std::string& id, Coverage coverage, const Selection& selection, const std::string& program) {
  PoolOptions options = selection.pool(program);
  options.workers = kWorkers;
  // Warm the workers first: a library that loads and plans in the first case would count against it.
  std::vector<Task> tasks;
  for (int k = 0; k < kWorkers * (kWindows + 1); ++k)
    tasks.push_back({.kind = TaskKind::rate,
                     .id = id,
                     .seed = selection.seed + 1000000u * static_cast<std::uint64_t>(k),
                     .coverage = coverage,
                     .seconds = k < kWorkers ? 0.2 : kWindowSeconds});
  WorkerPool pool(std::move(options), std::move(tasks));
  std::vector<double> rates;
  for (std::size_t k = kWorkers; k < pool.size(); ++k) {
    const TaskResult* result = pool.wait_for(k);
    if (!result) return 0;
    if (result->cases_per_second <= 0)
      throw Error(id + " did not pass while its rate was measured: " + result->verdict.reason);
    rates.push_back(result->cases_per_second);
  }
  return kWorkers * median_of(rates);
}

}  // namespace

void measure_judging_rates(const Catalogue& catalogue, const Selection& selection, const std::string& program,
                           ReportBuilder& builder) {
  std::printf("%-36s %12s %12s %10s %-14s %10s\n", "cases judged per second", "full", "sampled", "target", "counts",
              "benchdnn");
  for (const RatedShape& shape : kShapes) {
    if (interrupted()) return;
    const auto id = rated_case(catalogue, shape);
    if (!id) {
      std::printf("%-36s left out: this build has no oneDNN implementation of it\n", shape.name);
      continue;
    }
    reports::JudgingRate rate{.name = shape.name, .target = shape.target};
    rate.cases_per_second_full = rate_of(*id, Coverage::full, selection, program);
    rate.cases_per_second_sampled = rate_of(*id, Coverage::sampled, selection, program);
    if (shape.benchdnn > 0) rate.benchdnn_cases_per_second = shape.benchdnn;
    const reports::CountedRate counted = reports::counted_rate(rate);
    std::printf("%-36s %12.1f %12.1f %10.0f %-14s %10.2f%s\n", shape.name, *rate.cases_per_second_full,
                rate.cases_per_second_sampled, shape.target, counted.is_sampled ? "sampled" : "full", shape.benchdnn,
                counted.reaches_target ? "" : "  below target");
    std::fflush(stdout);
    builder.add_rate(std::move(rate));
  }
}

}  // namespace lockstep
