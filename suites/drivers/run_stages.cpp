// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/run_stages.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>

#include "harness/plan/implementation.hpp"
#include "reports/html/page.hpp"
#include "reports/report_file.hpp"
#include "suites/drivers/ceilings.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/progress.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kMostFaultElements = 32768;
/// f32 multiplications are held to what the vendor reaches at best on these, from square to many small.
struct MatmulCeilingCase {
  const char* id;
  double flops;
  std::int64_t bytes;
};
constexpr MatmulCeilingCase kMatmulCeilingCases[] = {
    {"linear.forward/onednn.matmul/x=1024x1024,weight=1024x1024,dtype=f32", 2.0 * 1024 * 1024 * 1024,
     4 * 3 * 1024 * 1024},
    {"linear.forward/onednn.matmul/x=512x512,weight=512x512,dtype=f32", 2.0 * 512 * 512 * 512, 4 * 3 * 512 * 512},
    {"matmul.forward/onednn.matmul/a=1x12x128x128,b=1x12x128x64,dtype=f32", 2.0 * 12 * 128 * 128 * 64,
     4 * 12 * (128 * 128 + 2 * 128 * 64)},
};

std::int64_t output_elements(const Case& item) {
  try {
    std::int64_t elements = 0;
    for (const TensorSpec& spec : item.definition->signature(item.problem()).outputs)
      elements += element_count(spec.shape);
    return elements;
  } catch (const Refused&) {
    return 0;
  }
}

/// oneDNN's matmul as the ceiling of float32 arithmetic, where this build has it.
void add_matmul_ceiling(const std::vector<Case>& cases, PoolOptions pool, ReportBuilder& builder) {
  std::vector<Task> tasks;
  std::vector<const MatmulCeilingCase*> listed;
  for (const MatmulCeilingCase& wanted : kMatmulCeilingCases) {
    if (std::none_of(cases.begin(), cases.end(), [&](const Case& item) { return item.id() == wanted.id; })) continue;
    tasks.push_back({.kind = TaskKind::measure, .id = wanted.id, .seconds = 0.5});
    listed.push_back(&wanted);
  }
  if (tasks.empty()) return;
  pool.workers = 1;
  WorkerPool worker(std::move(pool), std::move(tasks));
  worker.wait_for_all([](std::size_t, const TaskResult&) {});
  reports::Ceiling best{.name = "matmul", .device = "cpu", .dtype = "f32", .unit = "flops/s", .samples = {}};
  for (std::size_t k = 0; k < listed.size(); ++k) {
    const TaskResult* result = worker.result(k);
    if (!result || result->measurements.empty()) continue;
    std::vector<double> rates;
    for (const double seconds : result->measurements[0].samples_seconds) rates.push_back(listed[k]->flops / seconds);
    // The fastest sample: a ceiling that an undisturbed call can exceed would be none.
    const double fastest = *std::max_element(rates.begin(), rates.end());
    if (fastest <= best.value) continue;
    best.value = fastest;
    best.samples = std::move(rates);
    best.working_set_bytes = listed[k]->bytes;
  }
  if (best.value > 0) builder.add_ceiling(std::move(best));
}

}  // namespace

void judge_cases(const std::vector<Case>& cases, const Selection& selection, const std::string& program,
                 ReportBuilder& builder) {
  std::vector<Task> tasks;
  for (int k = 0; k < selection.seeds; ++k)
    for (const Case& item : cases)
      tasks.push_back({.kind = TaskKind::verify,
                       .id = item.id(),
                       .seed = selection.seed + static_cast<std::uint64_t>(k),
                       .coverage = selection.coverage_value()});
  WorkerPool pool(selection.pool(program), std::move(tasks));
  {
    Progress progress("judging", pool.size());
    pool.wait_for_all(
        [&](std::size_t index, const TaskResult&) { progress.advance(pool.finished(), pool.task(index).id); });
  }
  // In the order of the list, not in that of completion: reports of the same suite then read and diff alike.
  for (std::size_t index = 0; index < pool.size(); ++index)
    if (const TaskResult* result = pool.result(index))
      builder.add_case(cases[index % cases.size()], pool.task(index).seed, *result);
}

void judge_faults(const std::vector<Case>& cases, const Selection& selection, const std::string& program,
                  ReportBuilder& builder) {
  std::set<std::string> problems;
  for (const Case& item : cases) {
    const std::int64_t elements = output_elements(item);
    if (item.listed.set != "models" && elements > 0 && elements <= kMostFaultElements)
      problems.insert(item.problem().operation() + "/" + item.problem().label());
  }
  std::vector<Task> tasks;
  for (int k = 0; k < selection.seeds; ++k)
    for (const std::string& id : problems)
      tasks.push_back({.kind = TaskKind::faults, .id = id, .seed = selection.seed + static_cast<std::uint64_t>(k)});
  WorkerPool pool(selection.pool(program), std::move(tasks));
  Progress progress("planting faults", pool.size());
  pool.wait_for_all([&](std::size_t index, const TaskResult& result) {
    progress.advance(pool.finished(), pool.task(index).id);
    builder.add_faults(pool.task(index).id, result);
  });
}

bool is_timed(const Case& item, bool gpu) {
  const Backend backend = item.implementation->backend;
  const Problem& problem = item.problem();
  if (problem.fill != Fill::normal || (problem.layout != Layout::contiguous && problem.layout != Layout::channels_last))
    return false;
  const bool large = item.listed.set == "models" || output_elements(item) >= (1 << 18);
  if (!large && item.listed.set != "given") return false;
  if (runs_on(backend, DeviceKind::cpu)) return problem.dtype == DType::f32;
  return gpu;
}

void time_cases(const std::vector<Case>& cases, const Selection& selection, const std::string& program, int rounds,
                ReportBuilder& builder) {
  const bool gpu = selection.device == "auto" && gpu_unavailable().empty();
  std::vector<Case> timed;
  for (const Case& item : cases)
    if (is_timed(item, gpu)) timed.push_back(item);
  if (timed.empty() || interrupted()) return;
  for (reports::Ceiling& ceiling : measure_copy_ceilings()) builder.add_ceiling(std::move(ceiling));
  add_matmul_ceiling(cases, selection.pool(program), builder);

  Progress progress("timing", timed.size() * static_cast<std::size_t>(rounds));
  for (int round = 0; round < rounds && !interrupted(); ++round) {
    std::vector<Task> tasks;
    for (const Case& item : timed)
      tasks.push_back({.kind = TaskKind::measure, .id = item.id(), .seed = selection.seed, .seconds = 0.1});
    PoolOptions options = selection.pool(program);
    options.workers = 1;  // one thing at a time, or they would time each other
    // Every other round backwards: a machine that slowly warms up then favours nobody.
    const bool backwards = round % 2 != 0;
    if (backwards) std::reverse(tasks.begin(), tasks.end());
    WorkerPool pool(std::move(options), std::move(tasks));
    pool.wait_for_all([&](std::size_t index, const TaskResult& result) {
      progress.advance(static_cast<std::size_t>(round) * timed.size() + pool.finished(), pool.task(index).id);
      builder.add_measurements(timed[backwards ? timed.size() - 1 - index : index], result);
    });
  }
}

void write_reports(const reports::Report& report, const std::string& out, const reports::Report* baseline) {
  const std::filesystem::path folder(out);
  reports::write_report(folder / "report.json", report);
  reports::write_text_atomically(folder / "report.html", reports::render_html(report, baseline));
  std::cout << "report: " << (folder / "report.html").string() << "\n";
}

std::filesystem::path report_path(const std::string& given) {
  const std::filesystem::path path(given);
  return std::filesystem::is_directory(path) ? path / "report.json" : path;
}

}  // namespace lockstep
