// SPDX-License-Identifier: Apache-2.0
#include "reports/enum_names.hpp"
#include "reports/fuzz_file.hpp"
#include "reports/json_values.hpp"
#include "reports/report_file.hpp"
#include "reports/training_file.hpp"

namespace lockstep::reports {
namespace {

Json environment_json(const Environment& environment) {
  Json libraries = Json::object();
  for (const NamedText& library : environment.libraries) libraries[library.name] = library.value;
  Json reasons = Json::array();
  for (const Reason& reason : environment.reasons) reasons.push_back({{"what", reason.what}, {"why", reason.why}});
  Json gpu = nullptr;
  if (environment.gpu) {
    gpu = {{"name", environment.gpu->name},
           {"driver", environment.gpu->driver},
           {"compute_capability", environment.gpu->compute_capability},
           {"memory_bytes", environment.gpu->memory_bytes},
           {"l2_bytes", environment.gpu->l2_bytes},
           {"multiprocessors", environment.gpu->multiprocessors}};
  }
  return {{"date_utc", environment.date_utc},
          {"host_name", environment.host_name},
          {"cpu_model", environment.cpu_model},
          {"cores", environment.cores},
          {"memory_bytes", environment.memory_bytes},
          {"os", environment.os},
          {"kernel", environment.kernel},
          {"compiler", environment.compiler},
          {"build_type", environment.build_type},
          {"revision", environment.revision},
          {"dirty", environment.dirty},
          {"libraries", libraries},
          {"gpu", gpu},
          {"cuda", {{"compiled", environment.cuda.compiled}, {"toolkit", optional_value(environment.cuda.toolkit)}}},
          {"reasons", reasons}};
}

Json run_json(const Run& run) {
  return {{"command", run.command},
          {"suite", run.suite},
          {"filter", run.filter},
          {"seed", run.seed},
          {"seeds", run.seeds},
          {"started_utc", run.started_utc},
          {"seconds", number(run.seconds)},
          {"interrupted", run.interrupted},
          {"workers", run.workers},
          {"exit_status", run.exit_status},
          {"expected_cases", optional_value(run.expected_cases)}};
}

Json smallest_json(const SmallestCase& smallest) {
  return {{"id", smallest.id},
          {"finding", smallest.finding},
          {"rerun", smallest.rerun},
          {"dump", smallest.dump},
          {"trials", smallest.trials},
          {"seconds", number(smallest.seconds)},
          {"complete", smallest.complete}};
}

Json failure_json(const Failure& failure) {
  Json object = {{"output", failure.output}, {"index", failure.index}};
  put_number(object, "expected", failure.expected);
  put_number(object, "got", failure.got);
  put_number(object, "error_in_bounds", failure.error_in_bounds);
  object["gate"] = failure.gate;
  object["message"] = failure.message;
  object["map"] = nullptr;
  if (failure.map) {
    object["map"] = {
        {"rows", failure.map->rows}, {"columns", failure.map->columns}, {"cells", numbers(failure.map->cells)}};
  }
  object["rerun"] = failure.rerun;
  object["dump"] = failure.dump;
  return object;
}

Json case_json(const CaseResult& result) {
  Json margins = nullptr;
  if (result.margins) {
    margins = Json::object();
    put_number(margins, "worst_bound", result.margins->worst_bound);
    put_number(margins, "worst_rms", result.margins->worst_rms);
    margins["exact"] = result.margins->exact;
    margins["mismatches_to_correct_rounding"] = result.margins->mismatches_to_correct_rounding;
  }
  Json object = {{"id", result.id},
                 {"operator", result.operator_name},
                 {"direction", result.direction},
                 {"implementation", result.implementation},
                 {"backend", result.backend},
                 {"device", result.device},
                 {"dtype", result.dtype},
                 {"layout", result.layout},
                 {"fill", result.fill},
                 {"problem", result.problem},
                 {"problem_set", result.problem_set},
                 {"source", result.source},
                 {"outcome", name_of(result.outcome)},
                 {"reason", result.reason},
                 {"seed", result.seed},
                 {"seeds_judged", result.seeds_judged},
                 {"elements_total", result.elements_total},
                 {"elements_judged", result.elements_judged},
                 {"orders", result.orders},
                 {"margins", margins},
                 {"deterministic", name_of(result.deterministic)},
                 {"seconds",
                  {{"fill", number(result.seconds.fill)},
                   {"run", number(result.seconds.run)},
                   {"judge", number(result.seconds.judge)}}},
                 {"failure", result.failure ? failure_json(*result.failure) : Json(nullptr)}};
  if (result.smallest) object["smallest"] = smallest_json(*result.smallest);
  return object;
}

Json fault_json(const FaultResult& fault) {
  Json object = {{"operator", fault.operator_name},
                 {"direction", fault.direction},
                 {"dtype", fault.dtype},
                 {"fault", fault.fault},
                 {"description", fault.description},
                 {"status", name_of(fault.status)},
                 {"cases_applied", fault.cases_applied},
                 {"cases_caught", fault.cases_caught},
                 {"example_id", fault.example_id}};
  put_number(object, "effect_in_gates", fault.effect_in_gates);
  object["note"] = fault.note;
  return object;
}

Json measurement_json(const Measurement& measurement) {
  Json state = nullptr;
  if (measurement.gpu_state) {
    state = {{"clock_mhz", number(measurement.gpu_state->clock_mhz)},
             {"power_watts", number(measurement.gpu_state->power_watts)},
             {"temperature_celsius", number(measurement.gpu_state->temperature_celsius)},
             {"throttle", measurement.gpu_state->throttle}};
  }
  return {{"id", measurement.id},
          {"implementation", measurement.implementation},
          {"operator", measurement.operator_name},
          {"direction", measurement.direction},
          {"dtype", measurement.dtype},
          {"problem", measurement.problem},
          {"device", measurement.device},
          {"peer_group", measurement.peer_group},
          {"role", name_of(measurement.role)},
          {"kind", name_of(measurement.kind)},
          {"sample_unit", name_of(measurement.sample_unit)},
          {"samples_seconds", numbers(measurement.samples_seconds)},
          {"pairing", measurement.pairing},
          {"iterations_per_sample", measurement.iterations_per_sample},
          {"median_seconds", number(measurement.median_seconds)},
          {"ci_low_seconds", number(measurement.ci_low_seconds)},
          {"ci_high_seconds", number(measurement.ci_high_seconds)},
          {"bytes", number(measurement.bytes)},
          {"flops", number(measurement.flops)},
          {"ceiling", measurement.ceiling},
          {"fraction_of_ceiling", number(measurement.fraction_of_ceiling)},
          {"quiet", measurement.quiet},
          {"note", measurement.note},
          {"gpu_state", state}};
}

Json context_json(const Report& report) {
  Json caches = Json::array();
  for (const Cache& cache : report.context.caches) {
    caches.push_back(
        {{"type", cache.type}, {"level", cache.level}, {"size", cache.size_bytes}, {"num_sharing", cache.num_sharing}});
  }
  const Environment& environment = report.environment;
  const bool debug = environment.build_type == "Debug";
  return {{"date", environment.date_utc},
          {"host_name", environment.host_name},
          {"executable", report.context.executable},
          {"num_cpus", environment.cores},
          {"mhz_per_cpu", number(report.context.mhz_per_cpu)},
          {"cpu_scaling_enabled", report.context.cpu_scaling_enabled},
          {"caches", caches},
          {"load_avg", numbers(report.context.load_average)},
          {"library_build_type", debug ? "debug" : "release"}};
}

// One row per sample, as repetitions: that is what Google Benchmark's compare tool runs its U test on. A case that was
// timed in several ways needs several names; wall time on the CPU keeps the bare id.
Json benchmark_rows(const std::vector<Measurement>& measurements) {
  Json rows = Json::array();
  int family = 0;
  for (const Measurement& measurement : measurements) {
    std::string name = measurement.id;
    if (measurement.kind != MeasurementKind::cpu_wall) name += "/" + std::string(name_of(measurement.kind));
    const std::size_t repetitions = measurement.samples_seconds.size();
    for (std::size_t repetition = 0; repetition < repetitions; ++repetition) {
      const Json nanoseconds = number(measurement.samples_seconds[repetition] * 1e9);
      if (nanoseconds.is_null()) continue;
      Json row = {{"name", name},
                  {"family_index", family},
                  {"per_family_instance_index", 0},
                  {"run_name", name},
                  {"run_type", "iteration"},
                  {"repetitions", repetitions},
                  {"repetition_index", repetition},
                  {"threads", 1},
                  {"iterations", measurement.iterations_per_sample},
                  {"real_time", nanoseconds},
                  {"cpu_time", nanoseconds},
                  {"time_unit", "ns"}};
      const double seconds = measurement.samples_seconds[repetition];
      if (measurement.bytes > 0 && seconds > 0) row["bytes_per_second"] = number(measurement.bytes / seconds);
      rows.push_back(std::move(row));
    }
    ++family;
  }
  return rows;
}

}  // namespace

Json to_json(const Report& report) {
  Json document = {{"lockstep", {{"format", "lockstep.report"}, {"version", report_version}}},
                   {"context", context_json(report)},
                   {"environment", environment_json(report.environment)},
                   {"run", run_json(report.run)}};
  document["cases"] = list_of(report.cases, case_json);
  document["faults"] = list_of(report.faults, fault_json);
  document["measurements"] = list_of(report.measurements, measurement_json);
  document["ceilings"] = list_of(report.ceilings, [](const Ceiling& ceiling) -> Json {
    return {{"name", ceiling.name},
            {"device", ceiling.device},
            {"dtype", ceiling.dtype},
            {"working_set_bytes", ceiling.working_set_bytes},
            {"value", number(ceiling.value)},
            {"unit", ceiling.unit},
            {"samples", numbers(ceiling.samples)}};
  });
  document["judging_rates"] = list_of(report.judging_rates, [](const JudgingRate& rate) -> Json {
    return {{"name", rate.name},
            {"cases_per_second_full", optional_value(rate.cases_per_second_full)},
            {"cases_per_second_sampled", number(rate.cases_per_second_sampled)},
            {"benchdnn_cases_per_second", optional_value(rate.benchdnn_cases_per_second)},
            {"target", number(rate.target)}};
  });
  document["training"] = training_json(report.training);
  if (!report.fuzzing.rows.empty()) document["fuzzing"] = fuzzing_json(report.fuzzing);
  document["benchmarks"] = benchmark_rows(report.measurements);
  return document;
}

}  // namespace lockstep::reports
