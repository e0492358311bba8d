// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/task_json.hpp"

#include <cmath>
#include <limits>

#include "suites/drivers/json_numbers.hpp"

namespace lockstep {
namespace {

using Json = nlohmann::json;

Json number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

double number(const Json& json) {
  if (json.is_number()) return json.get<double>();
  const auto text = json.get<std::string>();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  return text == "inf" ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
}

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(number(value));
  return list;
}

std::vector<double> numbers(const Json& list) {
  std::vector<double> values;
  for (const Json& item : list) values.push_back(number(item));
  return values;
}

Json failure_json(const Failure& f) {
  return {{"output", f.output},
          {"message", f.message},
          {"index", f.index},
          {"expected", number(f.expected)},
          {"got", number(f.got)},
          {"error", number(f.error_in_bounds)},
          {"gate", static_cast<int>(f.gate)},
          {"count", f.failing_elements},
          {"map", {f.map.rows, f.map.columns, numbers(f.map.cells)}}};
}

Failure failure_from(const Json& json) {
  Failure f;
  f.output = json.at("output");
  f.message = json.at("message");
  f.index = json.at("index").get<Shape>();
  f.expected = number(json.at("expected"));
  f.got = number(json.at("got"));
  f.error_in_bounds = number(json.at("error"));
  f.gate = enumerator(json.at("gate"), Gate::exact);
  f.failing_elements = whole_number(json.at("count"), 0);
  const Json& map = json.at("map");
  f.map = {whole_number(map.at(0), 0), whole_number(map.at(1), 0), numbers(map.at(2))};
  const auto cells = static_cast<std::int64_t>(f.map.cells.size());
  const bool is_whole = cells == 0 ? f.map.rows == 0 && f.map.columns == 0
                                   : f.map.rows > 0 && f.map.columns > 0 && cells / f.map.rows == f.map.columns &&
                                         cells % f.map.rows == 0;
  if (!is_whole)
    throw Error("a map of " + std::to_string(f.map.rows) + " by " + std::to_string(f.map.columns) + " with " +
                std::to_string(cells) + " cells");
  return f;
}

Json contract_json(const PrecisionContract& c) {
  return {static_cast<int>(c.accumulation),
          c.partial_sums,
          static_cast<int>(c.variance),
          c.exp_ulp,
          c.erf_ulp,
          c.tanh_ulp,
          c.log_ulp,
          c.rsqrt_ulp,
          c.erf_absolute,
          c.operand_roundoff,
          c.truncation_per_term,
          c.unbiased,
          c.flushes_subnormals,
          c.copies_keep_zero_sign,
          c.deterministic};
}

double amount(const Json& json) {
  const auto value = json.get<double>();
  if (!(value >= 0)) throw Error("a contract with an amount below 0");
  return value;
}

PrecisionContract contract_from(const Json& json) {
  return {.accumulation = enumerator(json.at(0), DType::bf16),
          .partial_sums = whole_number(json.at(1), 1),
          .variance = enumerator(json.at(2), VarianceAlgorithm::one_pass),
          .exp_ulp = amount(json.at(3)),
          .erf_ulp = amount(json.at(4)),
          .tanh_ulp = amount(json.at(5)),
          .log_ulp = amount(json.at(6)),
          .rsqrt_ulp = amount(json.at(7)),
          .erf_absolute = amount(json.at(8)),
          .operand_roundoff = amount(json.at(9)),
          .truncation_per_term = amount(json.at(10)),
          .unbiased = json.at(11),
          .flushes_subnormals = json.at(12),
          .copies_keep_zero_sign = json.at(13),
          .deterministic = json.at(14)};
}

Json verdict_json(const CaseResult& r) {
  Json json{{"outcome", static_cast<int>(r.outcome)},
            {"reason", r.reason},
            {"device", static_cast<int>(r.device)},
            {"margins",
             {number(r.margins.worst_bound), number(r.margins.worst_rms), r.margins.elements_total,
              r.margins.elements_judged, r.margins.not_correctly_rounded, r.margins.exact_gate}},
            {"deterministic", static_cast<int>(r.deterministic)},
            {"orders", r.orders},
            {"seconds", {r.fill_seconds, r.run_seconds, r.judge_seconds}}};
  if (r.failure) json["failure"] = failure_json(*r.failure);
  return json;
}

CaseResult verdict_from(const Json& json) {
  CaseResult r;
  r.outcome = enumerator(json.at("outcome"), Outcome::refused);
  r.reason = json.at("reason");
  r.device = enumerator(json.at("device"), DeviceKind::gpu);
  const Json& m = json.at("margins");
  r.margins = {number(m.at(0)),          number(m.at(1)),          whole_number(m.at(2), 0),
               whole_number(m.at(3), 0), whole_number(m.at(4), 0), m.at(5)};
  r.deterministic = enumerator(json.at("deterministic"), Determinism::not_checked);
  r.orders = json.at("orders").get<std::vector<std::string>>();
  r.fill_seconds = json.at("seconds").at(0);
  r.run_seconds = json.at("seconds").at(1);
  r.judge_seconds = json.at("seconds").at(2);
  if (json.contains("failure")) r.failure = failure_from(json.at("failure"));
  return r;
}

Json measurement_json(const Measurement& m) {
  Json json{{"kind", static_cast<int>(m.kind)},
            {"samples", numbers(m.samples_seconds)},
            {"iterations", m.iterations},
            {"quiet", m.quiet},
            {"note", m.note}};
  if (const auto& gpu = m.gpu_state)
    json["gpu"] = {number(gpu->clock_mhz), number(gpu->power_watts), number(gpu->temperature_celsius), gpu->throttle};
  return json;
}

Measurement measurement_from(const Json& json) {
  Measurement m;
  m.kind = enumerator(json.at("kind"), MeasurementKind::gpu_launch_inclusive);
  m.samples_seconds = numbers(json.at("samples"));
  if (m.samples_seconds.empty()) throw Error("a measurement without a sample");
  m.iterations = whole_number(json.at("iterations"), 1);
  m.quiet = json.at("quiet");
  m.note = json.at("note");
  if (const auto gpu = json.find("gpu"); gpu != json.end())
    m.gpu_state = {number(gpu->at(0)), number(gpu->at(1)), number(gpu->at(2)), gpu->at(3)};
  return m;
}

}  // namespace

Json to_json(const Task& task) {
  return {{"kind", static_cast<int>(task.kind)},         {"id", task.id},           {"seed", task.seed},
          {"coverage", static_cast<int>(task.coverage)}, {"seconds", task.seconds}, {"origin", task.origin}};
}

Task task_from_json(const Json& json) {
  return {enumerator(json.at("kind"), TaskKind::errors),      json.at("id"),      json.at("seed"),
          enumerator(json.at("coverage"), Coverage::sampled), json.at("seconds"), json.at("origin")};
}

Json to_json(const TaskResult& result) {
  Json json{{"verdict", verdict_json(result.verdict)}};
  if (result.cases_per_second > 0) json["rate"] = result.cases_per_second;
  for (const FaultTrial& t : result.faults)
    json["faults"].push_back({t.fault, t.description, t.applies, t.caught, number(t.effect_in_gates), t.equivalent});
  for (const Measurement& m : result.measurements) json["measurements"].push_back(measurement_json(m));
  for (const StressFinding& f : result.stress.findings)
    json["stress"].push_back({static_cast<int>(f.stress), static_cast<int>(f.outcome), f.reason});
  if (result.stress.scratch_bytes > 0) json["scratch_bytes"] = result.stress.scratch_bytes;
  if (result.contract) json["contract"] = contract_json(*result.contract);
  return json;
}

TaskResult task_result_from_json(const Json& json) {
  TaskResult result;
  result.verdict = verdict_from(json.at("verdict"));
  result.cases_per_second = json.value("rate", 0.0);
  for (const Json& t : json.value("faults", Json::array()))
    result.faults.push_back({t.at(0), t.at(1), t.at(2), t.at(3), number(t.at(4)), t.at(5)});
  for (const Json& m : json.value("measurements", Json::array())) result.measurements.push_back(measurement_from(m));
  for (const Json& f : json.value("stress", Json::array()))
    result.stress.findings.push_back(
        {enumerator(f.at(0), Stress::far_strides), enumerator(f.at(1), Outcome::refused), f.at(2)});
  if (json.contains("scratch_bytes"))
    result.stress.scratch_bytes = static_cast<std::size_t>(whole_number(json.at("scratch_bytes"), 0));
  if (json.contains("contract")) result.contract = contract_from(json.at("contract"));
  return result;
}

}  // namespace lockstep
