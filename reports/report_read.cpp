// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "reports/fuzz_file.hpp"
#include "reports/json_reader.hpp"
#include "reports/report_file.hpp"
#include "reports/training_file.hpp"

namespace lockstep::reports {
namespace {

Environment read_environment(const JsonReader& from) {
  Environment environment{.date_utc = from.text("date_utc"),
                          .host_name = from.text("host_name"),
                          .cpu_model = from.text("cpu_model"),
                          .cores = from.integer<int>("cores"),
                          .memory_bytes = from.integer("memory_bytes"),
                          .os = from.text("os"),
                          .kernel = from.text("kernel"),
                          .compiler = from.text("compiler"),
                          .build_type = from.text("build_type"),
                          .revision = from.text("revision"),
                          .dirty = from.boolean("dirty"),
                          .libraries = {},
                          .gpu = std::nullopt,
                          .cuda = {},
                          .reasons = {}};
  from.each_member("libraries", [&](const std::string& name, const JsonReader& version) {
    environment.libraries.push_back({name, version.as_text()});
  });
  if (const JsonReader gpu = from.member("gpu"); !gpu.is_null()) {
    environment.gpu = GpuDevice{.name = gpu.text("name"),
                                .driver = gpu.text("driver"),
                                .compute_capability = gpu.text("compute_capability"),
                                .memory_bytes = gpu.integer("memory_bytes"),
                                .l2_bytes = gpu.integer("l2_bytes"),
                                .multiprocessors = gpu.integer<int>("multiprocessors")};
  }
  const JsonReader cuda = from.member("cuda");
  environment.cuda.compiled = cuda.boolean("compiled");
  if (!cuda.member("toolkit").is_null()) environment.cuda.toolkit = cuda.text("toolkit");
  from.each("reasons", [&](const JsonReader& reason) {
    environment.reasons.push_back({reason.text("what"), reason.text("why")});
  });
  return environment;
}

Run read_run(const JsonReader& from) {
  Run run{.command = from.text("command"),
          .suite = from.text("suite"),
          .filter = from.text("filter"),
          .seed = from.unsigned_integer("seed"),
          .seeds = {},
          .started_utc = from.text("started_utc"),
          .seconds = from.number("seconds"),
          .interrupted = from.boolean("interrupted"),
          .workers = from.integer<int>("workers"),
          .exit_status = from.integer<int>("exit_status"),
          .expected_cases = std::nullopt};
  from.each("seeds", [&](const JsonReader& seed) { run.seeds.push_back(seed.as_unsigned()); });
  if (!from.member("expected_cases").is_null()) run.expected_cases = from.integer("expected_cases");
  return run;
}

Context read_context(const JsonReader& from) {
  Context context{.executable = from.text("executable"),
                  .mhz_per_cpu = from.number("mhz_per_cpu"),
                  .cpu_scaling_enabled = from.boolean("cpu_scaling_enabled"),
                  .caches = {},
                  .load_average = from.numbers("load_avg")};
  from.each("caches", [&](const JsonReader& cache) {
    context.caches.push_back({.type = cache.text("type"),
                              .level = cache.integer<int>("level"),
                              .size_bytes = cache.integer("size"),
                              .num_sharing = cache.integer<int>("num_sharing")});
  });
  return context;
}

FailureMap read_map(const JsonReader& from) {
  FailureMap map{
      .rows = from.integer<int>("rows"), .columns = from.integer<int>("columns"), .cells = from.numbers("cells")};
  const bool sensible = map.rows >= 0 && map.columns >= 0;
  if (!sensible || map.cells.size() != static_cast<std::size_t>(map.rows) * static_cast<std::size_t>(map.columns)) {
    from.fail("cells must hold rows * columns numbers, found " + std::to_string(map.cells.size()));
  }
  return map;
}

Failure read_failure(const JsonReader& from) {
  Failure failure{.output = from.text("output"),
                  .index = {},
                  .expected = from.number("expected"),
                  .got = from.number("got"),
                  .error_in_bounds = from.number("error_in_bounds"),
                  .gate = from.text("gate"),
                  .message = from.text("message"),
                  .map = std::nullopt,
                  .rerun = from.text("rerun"),
                  .dump = from.text("dump")};
  from.each("index", [&](const JsonReader& element) { failure.index.push_back(element.as_integer()); });
  if (const JsonReader map = from.member("map"); !map.is_null()) failure.map = read_map(map);
  return failure;
}

SmallestCase read_smallest(const JsonReader& from) {
  return {.id = from.text("id"),
          .finding = from.text("finding"),
          .rerun = from.text("rerun"),
          .dump = from.text("dump"),
          .trials = from.integer("trials"),
          .seconds = from.number("seconds"),
          .complete = from.boolean("complete")};
}

CaseResult read_case(const JsonReader& from) {
  CaseResult result{.id = from.text("id"),
                    .operator_name = from.text("operator"),
                    .direction = from.text("direction"),
                    .implementation = from.text("implementation"),
                    .backend = from.text("backend"),
                    .device = from.text("device"),
                    .dtype = from.text("dtype"),
                    .layout = from.text("layout"),
                    .fill = from.text("fill"),
                    .problem = from.text("problem"),
                    .problem_set = from.text("problem_set"),
                    .source = from.text("source"),
                    .outcome = from.enumeration<Outcome>("outcome"),
                    .reason = from.text("reason"),
                    .seed = from.unsigned_integer("seed"),
                    .seeds_judged = from.integer("seeds_judged"),
                    .elements_total = from.integer("elements_total"),
                    .elements_judged = from.integer("elements_judged"),
                    .orders = from.texts("orders"),
                    .margins = std::nullopt,
                    .deterministic = from.enumeration<Determinism>("deterministic"),
                    .seconds = {},
                    .failure = std::nullopt,
                    .smallest = std::nullopt};
  if (const JsonReader margins = from.member("margins"); !margins.is_null()) {
    result.margins = Margins{.worst_bound = margins.number("worst_bound"),
                             .worst_rms = margins.number("worst_rms"),
                             .exact = margins.boolean("exact"),
                             .mismatches_to_correct_rounding = margins.integer("mismatches_to_correct_rounding")};
  }
  const JsonReader seconds = from.member("seconds");
  result.seconds = {.fill = seconds.number("fill"), .run = seconds.number("run"), .judge = seconds.number("judge")};
  if (const JsonReader failure = from.member("failure"); !failure.is_null()) result.failure = read_failure(failure);
  if (from.has("smallest")) result.smallest = read_smallest(from.member("smallest"));
  return result;
}

FaultResult read_fault(const JsonReader& from) {
  return {.operator_name = from.text("operator"),
          .direction = from.text("direction"),
          .dtype = from.text("dtype"),
          .fault = from.text("fault"),
          .description = from.text("description"),
          .status = from.enumeration<FaultStatus>("status"),
          .cases_applied = from.integer("cases_applied"),
          .cases_caught = from.integer("cases_caught"),
          .example_id = from.text("example_id"),
          .effect_in_gates = from.number("effect_in_gates"),
          .note = from.text("note")};
}

Measurement read_measurement(const JsonReader& from) {
  Measurement measurement{.id = from.text("id"),
                          .implementation = from.text("implementation"),
                          .operator_name = from.text("operator"),
                          .direction = from.text("direction"),
                          .dtype = from.text("dtype"),
                          .problem = from.text("problem"),
                          .device = from.text("device"),
                          .peer_group = from.text("peer_group"),
                          .role = from.enumeration<Role>("role"),
                          .kind = from.enumeration<MeasurementKind>("kind"),
                          .sample_unit = from.enumeration<SampleUnit>("sample_unit"),
                          .samples_seconds = from.numbers("samples_seconds"),
                          .pairing = from.text("pairing"),
                          .iterations_per_sample = from.integer("iterations_per_sample"),
                          .median_seconds = from.number("median_seconds"),
                          .ci_low_seconds = from.number("ci_low_seconds"),
                          .ci_high_seconds = from.number("ci_high_seconds"),
                          .bytes = from.number("bytes"),
                          .flops = from.number("flops"),
                          .ceiling = from.text("ceiling"),
                          .fraction_of_ceiling = from.number("fraction_of_ceiling"),
                          .quiet = from.boolean("quiet"),
                          .note = from.text("note"),
                          .gpu_state = std::nullopt};
  if (const JsonReader state = from.member("gpu_state"); !state.is_null()) {
    measurement.gpu_state = GpuState{.clock_mhz = state.number("clock_mhz"),
                                     .power_watts = state.number("power_watts"),
                                     .temperature_celsius = state.number("temperature_celsius"),
                                     .throttle = state.text("throttle")};
  }
  return measurement;
}

// Another format or version is said before anything else is looked at: its members may be named alike.
void check_version(const Json& document, const std::string& origin) {
  const bool ours = document.is_object() && document.contains("lockstep") && document["lockstep"].is_object() &&
                    document["lockstep"].value("format", Json()) == "lockstep.report";
  if (!ours) {
    throw Error(origin +
                " is not a Lockstep report; accepted: JSON with \"lockstep\": {\"format\": \"lockstep.report\"}");
  }
  const Json version = document["lockstep"].value("version", Json());
  if (version == report_version) return;
  const std::string found = version.is_number_integer() ? version.dump() : "unknown";
  throw Error(origin + " is version " + found + "; accepted: version " + std::to_string(report_version));
}

}  // namespace

Report from_json(const Json& document, const std::string& origin) {
  check_version(document, origin);
  const JsonReader root(document, origin, "");
  Report report{.context = read_context(root.member("context")),
                .environment = read_environment(root.member("environment")),
                .run = read_run(root.member("run")),
                .cases = {},
                .faults = {},
                .measurements = {},
                .ceilings = {},
                .judging_rates = {},
                .training = {},
                .fuzzing = {}};
  root.each("cases", [&](const JsonReader& from) { report.cases.push_back(read_case(from)); });
  root.each("faults", [&](const JsonReader& from) { report.faults.push_back(read_fault(from)); });
  root.each("measurements", [&](const JsonReader& from) { report.measurements.push_back(read_measurement(from)); });
  root.each("ceilings", [&](const JsonReader& from) {
    report.ceilings.push_back({.name = from.text("name"),
                               .device = from.text("device"),
                               .dtype = from.text("dtype"),
                               .working_set_bytes = from.integer("working_set_bytes"),
                               .value = from.number("value"),
                               .unit = from.text("unit"),
                               .samples = from.numbers("samples")});
  });
  root.each("judging_rates", [&](const JsonReader& from) {
    report.judging_rates.push_back({.name = from.text("name"),
                                    .cases_per_second_full = from.optional_number("cases_per_second_full"),
                                    .cases_per_second_sampled = from.number("cases_per_second_sampled"),
                                    .benchdnn_cases_per_second = from.optional_number("benchdnn_cases_per_second"),
                                    .target = from.number("target")});
  });
  // Reports from before training was reported lack it.
  if (root.has("training")) report.training = read_training(root.member("training"));
  if (root.has("fuzzing")) report.fuzzing = read_fuzzing(root.member("fuzzing"));
  return report;
}

}  // namespace lockstep::reports
