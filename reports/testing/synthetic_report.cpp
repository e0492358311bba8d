// SPDX-License-Identifier: Apache-2.0
#include "reports/testing/synthetic_report.hpp"

#include <array>
#include <cmath>
#include <random>

#include "reports/statistics.hpp"
#include "reports/testing/synthetic_training.hpp"
#include "reports/totals.hpp"

namespace lockstep::reports {

const char* const hostile_text =
    "</script><script>window.hostile_ran=1</script><img src=x onerror=\"window.hostile_ran=2\">' \" "
    "onfocus=window.hostile_"
    "ran=3 autofocus <!-- \u202e ${window.hostile_ran=4} &lt;b&gt; \x01\xff";

namespace {

using Random = std::mt19937_64;

double uniform(Random& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

constexpr std::array<const char*, 9> operators{"add",  "batch_norm", "channel_shuffle", "gelu", "layer_norm", "linear",
                                               "mean", "relu",       "softmax"};
constexpr std::array<const char*, 3> implementations{"cuda.warp_per_row", "cuda.tiled_columns", "onednn"};
constexpr std::array<const char*, 4> dtypes{"float32", "float16", "bfloat16", "float64"};
constexpr std::array<const char*, 4> fills{"normal", "offset", "exact", "adversarial"};
constexpr std::array<const char*, 3> sets{"smoke", "edges", "models"};

CaseResult passing_case(int index, Random& random) {
  const auto pick = [&](const auto& list, int stride) {
    return std::string(list[static_cast<std::size_t>(index / stride) % list.size()]);
  };
  CaseResult result;
  result.operator_name = pick(operators, 1);
  result.direction = index / 9 % 2 == 0 ? "forward" : "backward";
  result.implementation = pick(implementations, 18);
  result.backend = result.implementation.substr(0, result.implementation.find('.'));
  result.dtype = pick(dtypes, 54);
  result.fill = pick(fills, 216);
  result.problem_set = pick(sets, 3);
  const int rows = 1 << (index / 864 % 13), columns = 31 + 7 * (index % 149);
  result.problem = "rows=" + std::to_string(rows) + ",cols=" + std::to_string(columns);
  result.id = result.operator_name + "." + result.direction + "/" + result.implementation + "/" + result.problem +
              ",dtype=" + result.dtype + ",fill=" + result.fill + ",n=" + std::to_string(index);
  result.source = result.problem_set == "models" ? "BERT-base, encoder " + std::to_string(index % 12) : "";
  result.layout = index % 5 == 0 ? "channels_last" : "contiguous";
  result.outcome = Outcome::passed;
  result.seed = random();
  result.elements_total = std::int64_t{rows} * columns;
  result.elements_judged = std::min<std::int64_t>(result.elements_total, 65536);
  const bool exact = result.operator_name == "channel_shuffle" || result.operator_name == "relu";
  const double bound = exact ? 0 : std::exp(uniform(random, -5, -1.1));
  result.margins = Margins{.worst_bound = bound,
                           .worst_rms = bound * uniform(random, 4, 9),
                           .exact = result.fill == "exact",
                           .mismatches_to_correct_rounding = index % 3 == 0 ? index % 17 : 0};
  result.device = result.backend == "cuda" ? "emulated" : "cpu";
  if (result.device == "emulated") result.orders = {"forward", "reverse", "random"};
  result.deterministic = Determinism::yes;
  result.seconds = {
      .fill = uniform(random, 1e-4, 1e-2), .run = uniform(random, 1e-5, 1e-1), .judge = uniform(random, 1e-4, 2e-2)};
  return result;
}

void make_fail(CaseResult& result, Random& random) {
  result.outcome = Outcome::failed;
  const double error = uniform(random, 3, 60);
  result.margins =
      Margins{.worst_bound = error, .worst_rms = error * 9, .exact = false, .mismatches_to_correct_rounding = 9};
  FailureMap map{.rows = 16, .columns = 32, .cells = {}};
  for (int row = 0; row < map.rows; ++row) {
    for (int column = 0; column < map.columns; ++column) {
      const bool tail = column > 28;
      map.cells.push_back(tail ? uniform(random, 0.4, error) : uniform(random, 0, 1) * uniform(random, 0, 0.3));
    }
  }
  map.cells[5] = not_a_number;
  result.failure = Failure{.output = "grad_weight",
                           .index = {0, 767},
                           .expected = 1.40625,
                           .got = std::numeric_limits<double>::infinity(),
                           .error_in_bounds = error,
                           .gate = "bound",
                           .message = "All wrong elements lie in the last partial tile of the columns.",
                           .map = map,
                           .rerun = "lockstep verify --case " + result.id + " --seed " + std::to_string(result.seed),
                           .dump = "cases/failed_" + std::to_string(result.seed % 10000)};
}

void make_small(CaseResult& result, std::int64_t trials) {
  const std::string id = result.operator_name + "." + result.direction + "/" + result.implementation +
                         "/x=7,data=x.zero,dtype=" + result.dtype + ",fill=exact";
  result.smallest = SmallestCase{.id = id,
                                 .finding = "failed: a wrong value",
                                 .rerun = "lockstep verify --case " + id + " --seed " + std::to_string(result.seed),
                                 .dump = "failures/" + result.operator_name + "-7",
                                 .trials = trials,
                                 .seconds = 1.5,
                                 .complete = trials % 2 == 0};
}

void make_broken(std::vector<CaseResult>& cases, Random& random) {
  for (std::size_t index = 0; index < cases.size(); ++index) {
    CaseResult& result = cases[index];
    const bool persistent = result.operator_name == "layer_norm" && result.direction == "backward" &&
                            result.implementation == "cuda.tiled_columns" && result.dtype == "float16";
    if (persistent && index / 216 % 4 != 3) {
      make_fail(result, random);
      make_small(result, static_cast<std::int64_t>(index % 90));
    }
    if (index % 977 == 500) {
      result.outcome = index % 2 == 0 ? Outcome::crashed : Outcome::timed_out;
      result.margins.reset();
      result.reason = index % 2 == 0 ? "the worker ended with signal 11 (segmentation fault)" : "no answer within 30 s";
    }
  }
}

void add_skips(Report& report, int count) {
  for (int index = 0; index < count; ++index) {
    CaseResult result;
    const bool gpu_only = index % 9 != 0;
    result.operator_name = operators[static_cast<std::size_t>(index) % operators.size()];
    result.direction = "forward";
    result.implementation = gpu_only ? "cudnn" : "onednn";
    result.backend = result.implementation;
    result.dtype = gpu_only ? "bfloat16" : "float16";
    result.problem = "rows=64,cols=" + std::to_string(index);
    result.id =
        result.operator_name + ".forward/" + result.implementation + "/" + result.problem + ",dtype=" + result.dtype;
    result.reason = gpu_only ? "no GPU was found" : "oneDNN has no float16 arithmetic on this processor";
    result.outcome = index % 50 == 49 ? Outcome::refused : Outcome::skipped;
    if (result.outcome == Outcome::refused)
      result.reason = "channel_shuffle: channels (31) must be divisible by groups (2)";
    report.cases.push_back(std::move(result));
  }
}

void add_faults(Report& report) {
  static constexpr std::array<std::array<const char*, 2>, 5> faults{
      {{"eps_doubled", "eps 2e-5 instead of 1e-5"},
       {"last_tile_unwritten", "the last tile is not written"},
       {"element_swapped", "two neighbouring elements swapped"},
       {"nan_in_one_element", "one element is NaN"},
       {"inputs_rounded", "inputs rounded to bfloat16 first"}}};
  double effect = 4;
  for (const char* name : operators) {
    for (const char* direction : {"forward", "backward"}) {
      for (const char* dtype : dtypes) {
        for (const auto& [fault, description] : faults) {
          const bool below = std::string(fault) == "inputs_rounded" && std::string(dtype) == "bfloat16";
          effect = effect > 3000 ? 4.5 : effect * 1.37;
          report.faults.push_back({.operator_name = name,
                                   .direction = direction,
                                   .dtype = dtype,
                                   .fault = fault,
                                   .description = description,
                                   .status = below ? FaultStatus::equivalent : FaultStatus::caught,
                                   .cases_applied = below ? 0 : 12,
                                   .cases_caught = below ? 0 : 12,
                                   .example_id = report.cases.empty() ? "" : report.cases.front().id,
                                   .effect_in_gates = below ? 0
                                                      : std::string(fault) == "nan_in_one_element"
                                                          ? std::numeric_limits<double>::infinity()
                                                          : effect,
                                   .note = below ? "the inputs are bfloat16 already" : ""});
        }
      }
    }
  }
}

void add_measurement(Report& report, const CaseResult& result, Role role, MeasurementKind kind, double base_seconds,
                     const SyntheticOptions& options, Random& random) {
  Measurement row;
  row.id = result.id;
  row.implementation = role == Role::reference ? "reference_f32" : result.implementation;
  if (role == Role::reference) row.id += ",reference";
  row.operator_name = result.operator_name;
  row.direction = result.direction;
  row.dtype = result.dtype;
  row.problem = result.problem;
  row.device = kind == MeasurementKind::cpu_wall ? "cpu" : "gpu";
  row.peer_group = result.operator_name + "." + result.direction + "/" + result.problem + ",dtype=" + result.dtype;
  row.role = role;
  row.kind = kind;
  row.pairing = options.pairing;
  std::lognormal_distribution<double> noise(0, 0.01);
  for (int sample = 0; sample < 14; ++sample) {
    row.samples_seconds.push_back(base_seconds * options.speed_factor * noise(random));
  }
  row.median_seconds = median_of(row.samples_seconds);
  const std::optional<Interval> interval = median_interval(row.samples_seconds, 0.05);
  row.ci_low_seconds = interval->low;
  row.ci_high_seconds = interval->high;
  row.bytes = 8.0 * static_cast<double>(result.elements_total);
  row.flops = 5.0 * static_cast<double>(result.elements_total);
  row.ceiling = "copy";
  row.fraction_of_ceiling = row.bytes / 19.4e9 / row.median_seconds;
  if (kind != MeasurementKind::cpu_wall)
    row.gpu_state = GpuState{.clock_mhz = 1980, .power_watts = 512, .temperature_celsius = 54, .throttle = ""};
  report.measurements.push_back(std::move(row));
}

// Between 0 and 1, of the name alone: two nights of the same cases have the same true speeds.
double draw_by_name(const std::string& name) {
  std::uint64_t hash = 1469598103934665603u;
  for (const char character : name) hash = (hash ^ static_cast<unsigned char>(character)) * 1099511628211u;
  return static_cast<double>(hash >> 11) / 9007199254740992.0;
}

void add_measurements(Report& report, const SyntheticOptions& options, Random& random) {
  for (const CaseResult& result : report.cases) {
    const bool vendor = result.implementation == "onednn";
    const bool timed =
        result.outcome == Outcome::passed && result.problem_set == "models" && result.elements_total > 1500;
    if (!timed || vendor == options.gpu || result.dtype == "float64") continue;
    const double floor = 8.0 * static_cast<double>(result.elements_total) / 19.4e9;
    const double base = floor / (0.45 + 0.45 * draw_by_name(result.id));
    if (options.gpu) {
      add_measurement(report, result, Role::own, MeasurementKind::gpu_cold, base, options, random);
      add_measurement(report, result, Role::own, MeasurementKind::gpu_warm_graph, base * 0.96, options, random);
      CaseResult peer = result;
      peer.implementation = "cudnn";
      peer.id += ",peer";
      const double peer_base = floor / (0.55 + 0.35 * draw_by_name(peer.id));
      add_measurement(report, peer, Role::vendor, MeasurementKind::gpu_cold, peer_base, options, random);
    } else {
      add_measurement(report, result, Role::vendor, MeasurementKind::cpu_wall, base, options, random);
      add_measurement(report, result, Role::reference, MeasurementKind::cpu_wall, base * 4, options, random);
    }
  }
}

Environment invented_environment(bool gpu) {
  Environment environment{.date_utc = "2026-11-20T02:14:00Z",
                          .host_name = "bench-01",
                          .cpu_model = "Invented Processor 9000",
                          .cores = 2,
                          .memory_bytes = std::int64_t{8} << 30,
                          .os = "Debian GNU/Linux 12",
                          .kernel = "6.1.0-28-amd64",
                          .compiler = "g++ 12.2.0",
                          .build_type = "Release",
                          .revision = "4f1c2ab07d",
                          .dirty = false,
                          .libraries = {{"oneDNN", "2.6.3"}, {"googletest", "1.12.1"}, {"benchmark", "1.7.1"}},
                          .gpu = std::nullopt,
                          .cuda = {.compiled = gpu, .toolkit = gpu ? std::optional<std::string>("13.0") : std::nullopt},
                          .reasons = {}};
  if (gpu) {
    environment.gpu = GpuDevice{.name = "Invented GPU",
                                .driver = "580.65",
                                .compute_capability = "9.0",
                                .memory_bytes = std::int64_t{80} << 30,
                                .l2_bytes = std::int64_t{50} << 20,
                                .multiprocessors = 132};
  } else {
    environment.reasons = {{"CUDA kernels on a GPU", "no GPU was found; the emulator ran them"},
                           {"cuDNN and cuBLAS peers", "built without CUDA"}};
  }
  return environment;
}

}  // namespace

Report synthetic_report(const SyntheticOptions& options) {
  Random random(options.seed);
  Report report;
  report.context = {.executable = "lockstep",
                    .mhz_per_cpu = 2600,
                    .cpu_scaling_enabled = false,
                    .caches = {{.type = "Unified", .level = 3, .size_bytes = 33554432, .num_sharing = 2}},
                    .load_average = {0.4, 0.3, 0.2}};
  report.environment = invented_environment(options.gpu);
  report.run = {.command = "lockstep run --suite nightly --seed 20261120",
                .suite = "nightly",
                .filter = "*",
                .seed = 20261120,
                .seeds = {20261120, 20261121, 20261122},
                .started_utc = "2026-11-20T02:14:00Z",
                .seconds = 372,
                .interrupted = false,
                .workers = 2,
                .exit_status = options.failing ? 1 : 0,
                .expected_cases = std::nullopt};
  const int skipped = options.cases / 9;
  for (int index = 0; index < options.cases - skipped; ++index) report.cases.push_back(passing_case(index, random));
  if (options.gpu) {
    for (CaseResult& result : report.cases) {
      if (result.device == "emulated") result.device = "gpu";
      result.orders.clear();
    }
  }
  if (options.failing) make_broken(report.cases, random);
  add_skips(report, skipped);
  if (options.hostile && !report.cases.empty()) {
    CaseResult& first = report.cases.front();
    make_fail(first, random);
    first.implementation = first.reason = first.source = first.problem = hostile_text;
    make_small(first, 3);
    first.smallest->rerun = first.smallest->dump = first.smallest->finding = hostile_text;
    first.failure->message = first.failure->rerun = first.failure->output = first.failure->dump = hostile_text;
    first.id = "add.forward/" + std::string(hostile_text);
    report.environment.cpu_model = report.environment.host_name = report.run.suite = report.run.command = hostile_text;
    report.environment.reasons.push_back({hostile_text, hostile_text});
    report.environment.libraries.push_back({hostile_text, hostile_text});
  }
  add_faults(report);
  if (options.hostile && !report.faults.empty()) report.faults.front().description = hostile_text;
  add_measurements(report, options, random);
  report.ceilings = {{.name = "copy",
                      .device = "cpu",
                      .dtype = "",
                      .working_set_bytes = 268435456,
                      .value = 19.4e9,
                      .unit = "bytes/s",
                      .samples = {19.3e9, 19.4e9, 19.5e9}},
                     {.name = "matmul",
                      .device = "cpu",
                      .dtype = "float32",
                      .working_set_bytes = 12582912,
                      .value = 166e9,
                      .unit = "flops/s",
                      .samples = {165e9, 166e9}}};
  report.judging_rates = {{.name = "layer_norm.forward 256x1024",
                           .cases_per_second_full = 512,
                           .cases_per_second_sampled = 3400,
                           .benchdnn_cases_per_second = 244,
                           .target = 500},
                          {.name = "linear.forward 512x512x512",
                           .cases_per_second_full = std::nullopt,
                           .cases_per_second_sampled = 131,
                           .benchdnn_cases_per_second = 5.6,
                           .target = 100}};
  report.training = synthetic_training(options);
  return report;
}

std::string worst_synthetic_id(const Report& report) {
  const CaseResult* worst = nullptr;
  for (const CaseResult& result : report.cases) {
    if (result.failure && (worst == nullptr || severity(result) > severity(*worst))) worst = &result;
  }
  return worst == nullptr ? "" : worst->id;
}

}  // namespace lockstep::reports
