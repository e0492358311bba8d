// SPDX-License-Identifier: Apache-2.0
// A nightly has thousands of cases whose words repeat: words go into dictionaries, a column whose entries are all equal
// becomes one entry, and ids are spelt in parts. That keeps 3000 cases near 250 KB instead of several megabytes.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "reports/enum_names.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/number_text.hpp"
#include "reports/report_file.hpp"

namespace lockstep::reports {
namespace {

// Worst first: beyond these a page of failures is no longer read, and the JSON has them all.
constexpr std::size_t most_failures = 300;

Json constant_or(const Json& entries, const std::function<Json()>& otherwise) {
  const bool equal =
      std::all_of(entries.begin(), entries.end(), [&](const Json& entry) { return entry == entries[0]; });
  if (!entries.empty() && equal) return {{"all", entries[0]}};
  return otherwise();
}

constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// `width` digits in base 64, the highest first.
std::string coded(std::uint64_t value, int width) {
  std::string text(static_cast<std::size_t>(width), 'A');
  for (std::size_t i = text.size(); i-- > 0; value >>= 6) text[i] = alphabet[value & 63];
  return text;
}

// The fewest digits that tell `count` things apart.
int code_width(std::size_t count) {
  int width = 1;
  for (std::size_t reach = 64; reach < count; reach *= 64) ++width;
  return width;
}

template <typename T, typename Function>
Json words(const std::vector<T>& values, Function&& word_of) {
  std::map<std::string, std::size_t> numbers;
  Json dictionary = Json::array();
  std::vector<std::size_t> rows;
  for (const T& value : values) {
    const std::string word = word_of(value);
    const auto [found, is_new] = numbers.try_emplace(word, numbers.size());
    if (is_new) dictionary.push_back(word);
    rows.push_back(found->second);
  }
  if (dictionary.size() == 1) return {{"all", dictionary[0]}};
  const int width = code_width(dictionary.size());
  std::string code;
  for (const std::size_t row : rows) code += coded(row, width);
  return {{"words", dictionary}, {"width", width}, {"code", code}};
}

// A few significant digits are all that a table shows; a value that is not finite travels as its name.
Json rounded(double value) {
  if (!std::isfinite(value)) return significant(value);
  std::array<char, 64> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, 3).ptr;
  double nearest = 0;
  std::from_chars(buffer.data(), end, nearest);
  if (nearest == std::floor(nearest) && std::abs(nearest) < 1e9) return static_cast<std::int64_t>(nearest);
  return nearest;
}

template <typename T, typename Function>
Json column(const std::vector<T>& values, Function&& entry_of) {
  Json entries = Json::array();
  for (const T& value : values) entries.push_back(entry_of(value));
  return constant_or(entries, [&] { return entries; });
}

// Ids share most of their parts (operator, implementation, key=value): each part is spelt once, and an id is the codes
// of its parts, with a space between two ids.
template <typename T>
Json spelt(const std::vector<T>& values) {
  std::map<std::string, std::size_t> numbers;
  Json parts = Json::array();
  std::vector<std::vector<std::size_t>> rows;
  for (const T& value : values) {
    rows.emplace_back();
    for (std::size_t start = 0; start < value.id.size();) {
      std::size_t end = value.id.find_first_of("/,", start);
      end = end == std::string::npos ? value.id.size() : end + 1;
      const std::string part = value.id.substr(start, end - start);
      const auto [found, is_new] = numbers.try_emplace(part, numbers.size());
      if (is_new) parts.push_back(part);
      rows.back().push_back(found->second);
      start = end;
    }
  }
  const int width = code_width(parts.size());
  std::string code;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (row > 0) code += ' ';
    for (const std::size_t part : rows[row]) code += coded(part, width);
  }
  return {{"parts", parts}, {"width", width}, {"code", code}};
}

// A seed has 64 bits, a number of JavaScript 53: eleven digits in base 64 each.
Json seeds(const std::vector<CaseResult>& cases) {
  const bool equal = std::all_of(cases.begin(), cases.end(),
                                 [&](const CaseResult& result) { return result.seed == cases.front().seed; });
  if (!cases.empty() && equal) return {{"all", std::to_string(cases.front().seed)}};
  std::string code;
  for (const CaseResult& result : cases) code += coded(result.seed, 11);
  return {{"seeds", code}};
}

// Magnitudes of at least 1e-16 and below 1e16 in 18 bits, three digits in base 64, to 0.02 %. Codes below 4 are what
// has no logarithm: nothing, zero, infinity, not a number.
constexpr double magnitude_steps = (262144.0 - 8) / 32;

std::uint64_t magnitude_code(std::optional<double> value) {
  if (!value) return 0;
  if (std::isnan(*value)) return 3;
  if (std::isinf(*value)) return 2;
  if (!(*value > 0)) return 1;
  const double decades = std::clamp(std::log10(*value) + 16, 0.0, 32.0);
  return 4 + static_cast<std::uint64_t>(std::llround(decades * magnitude_steps));
}

template <typename T, typename Function>
Json magnitudes(const std::vector<T>& values, Function&& value_of) {
  std::string code;
  for (const T& value : values) code += coded(magnitude_code(value_of(value)), 3);
  return {{"magnitudes", code}};
}

// Durations of 1 ns to 1000 s in 12 bits, two digits in base 64, to 0.4 %: enough for what nobody compares. 0: none.
template <typename T, typename Function>
Json durations(const std::vector<T>& values, Function&& seconds_of) {
  constexpr double steps_per_decade = 4095.0 / 12;
  std::string code;
  for (const T& value : values) {
    const double seconds = seconds_of(value);
    const double step = seconds > 0 ? std::round((std::log10(seconds) + 9) * steps_per_decade) : 0;
    code += coded(static_cast<std::uint64_t>(std::clamp(step, 0.0, 4095.0)), 2);
  }
  return {{"durations", code}};
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& item : list) text += (text.empty() ? "" : ", ") + item;
  return text;
}

Json case_columns(const std::vector<CaseResult>& cases) {
  using C = const CaseResult&;
  const auto margin = [](auto&& value_of) {
    return [=](C result) { return result.margins ? std::optional(value_of(*result.margins)) : std::nullopt; };
  };
  Json columns = {{"id", spelt(cases)}};
  columns["operator"] = words(cases, [](C c) { return c.operator_name; });
  columns["direction"] = words(cases, [](C c) { return c.direction; });
  columns["implementation"] = words(cases, [](C c) { return c.implementation; });
  columns["backend"] = words(cases, [](C c) { return c.backend; });
  columns["device"] = words(cases, [](C c) { return c.device; });
  columns["dtype"] = words(cases, [](C c) { return c.dtype; });
  columns["layout"] = words(cases, [](C c) { return c.layout; });
  columns["fill"] = words(cases, [](C c) { return c.fill; });
  columns["problem_set"] = words(cases, [](C c) { return c.problem_set; });
  columns["source"] = words(cases, [](C c) { return c.source; });
  columns["outcome"] = words(cases, [](C c) { return std::string(name_of(c.outcome)); });
  columns["reason"] = words(cases, [](C c) { return c.reason; });
  columns["seed"] = seeds(cases);
  columns["seeds_judged"] = column(cases, [](C c) { return Json(c.seeds_judged); });
  columns["elements_total"] = words(cases, [](C c) { return std::to_string(c.elements_total); });
  columns["elements_judged"] = words(cases, [](C c) { return std::to_string(c.elements_judged); });
  columns["orders"] = words(cases, [](C c) { return joined(c.orders); });
  columns["worst_bound"] = magnitudes(cases, margin([](const Margins& m) { return m.worst_bound; }));
  columns["worst_rms"] = magnitudes(cases, margin([](const Margins& m) { return m.worst_rms; }));
  columns["exact"] = words(cases, [](C c) { return std::string(c.margins && c.margins->exact ? "yes" : ""); });
  columns["mismatches"] =
      words(cases, [](C c) { return std::to_string(c.margins ? c.margins->mismatches_to_correct_rounding : 0); });
  columns["deterministic"] = words(cases, [](C c) { return std::string(name_of(c.deterministic)); });
  columns["seconds_fill"] = durations(cases, [](C c) { return c.seconds.fill; });
  columns["seconds_run"] = durations(cases, [](C c) { return c.seconds.run; });
  columns["seconds_judge"] = durations(cases, [](C c) { return c.seconds.judge; });
  return columns;
}

Json failures(const std::vector<CaseResult>& cases) {
  std::vector<std::size_t> order;
  for (std::size_t index = 0; index < cases.size(); ++index) {
    if (cases[index].failure) order.push_back(index);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t left, std::size_t right) { return severity(cases[left]) > severity(cases[right]); });
  order.resize(std::min(order.size(), most_failures));
  Json by_case = Json::object();
  for (const std::size_t index : order) {
    const Failure& failure = *cases[index].failure;
    by_case[std::to_string(index)] = {{"output", failure.output},
                                      {"index", failure.index},
                                      {"expected", exact_number(failure.expected)},
                                      {"got", exact_number(failure.got)},
                                      {"error", significant(failure.error_in_bounds)},
                                      {"gate", failure.gate},
                                      {"message", failure.message},
                                      {"rerun", failure.rerun},
                                      {"dump", failure.dump}};
  }
  return by_case;
}

Json smallest_cases(const std::vector<CaseResult>& cases) {
  Json by_case = Json::object();
  for (std::size_t index = 0; index < cases.size(); ++index) {
    if (!cases[index].smallest) continue;
    const SmallestCase& smallest = *cases[index].smallest;
    by_case[std::to_string(index)] = {{"rerun", smallest.rerun},
                                      {"finding", smallest.finding},
                                      {"dump", smallest.dump},
                                      {"trials", smallest.trials},
                                      {"complete", smallest.complete}};
  }
  return by_case;
}

Json measurement_columns(const std::vector<Measurement>& measurements) {
  using M = const Measurement&;
  Json columns = {{"id", spelt(measurements)}};
  columns["operator"] = words(measurements, [](M m) { return m.operator_name + "." + m.direction; });
  columns["implementation"] = words(measurements, [](M m) { return m.implementation; });
  columns["problem"] = words(measurements, [](M m) { return m.problem; });
  columns["dtype"] = words(measurements, [](M m) { return m.dtype; });
  columns["kind"] = words(measurements, [](M m) { return std::string(name_of(m.kind)); });
  columns["median"] = column(measurements, [](M m) { return rounded(m.median_seconds); });
  columns["low"] = column(measurements, [](M m) { return rounded(m.ci_low_seconds); });
  columns["high"] = column(measurements, [](M m) { return rounded(m.ci_high_seconds); });
  columns["fraction"] = column(measurements, [](M m) { return rounded(m.fraction_of_ceiling); });
  columns["ceiling"] = words(measurements, [](M m) { return m.ceiling; });
  columns["samples"] = column(measurements, [](M m) { return Json(m.samples_seconds.size()); });
  columns["note"] = words(measurements, [](M m) {
    return m.quiet ? m.note : m.note.empty() ? "not quiet" : m.note + "; not quiet";
  });
  return columns;
}

}  // namespace

UnlistedCases unlisted_cases(const Report& report, std::size_t most_listed) {
  UnlistedCases unlisted;
  if (report.cases.size() <= most_listed) return unlisted;
  std::size_t passed = 0;
  for (const CaseResult& result : report.cases) {
    unlisted.not_run += !was_run(result.outcome);
    passed += result.outcome == Outcome::passed;
  }
  const std::size_t run = report.cases.size() - unlisted.not_run;
  if (run > most_listed) unlisted.passed = std::min(passed, run - most_listed);
  return unlisted;
}

// In the report's order.
std::vector<CaseResult> listed_cases(const Report& report, std::size_t most_listed) {
  const UnlistedCases unlisted = unlisted_cases(report, most_listed);
  std::vector<CaseResult> listed = report.cases;
  if (unlisted.not_run > 0) std::erase_if(listed, [](const CaseResult& result) { return !was_run(result.outcome); });
  if (unlisted.passed == 0) return listed;
  // How near each came to failing; what failed counts as infinitely near.
  const auto nearness = [](const CaseResult& result) {
    if (result.outcome != Outcome::passed) return std::numeric_limits<double>::infinity();
    const double gates = result.margins ? error_in_gates(*result.margins) : 0.0;
    return std::isnan(gates) ? 0.0 : gates;
  };
  std::vector<std::size_t> order(listed.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return nearness(listed[a]) > nearness(listed[b]); });
  order.resize(listed.size() - unlisted.passed);
  std::sort(order.begin(), order.end());
  std::vector<CaseResult> nearest;
  for (const std::size_t index : order) nearest.push_back(std::move(listed[index]));
  return nearest;
}

std::string page_data(const Report& report, std::size_t most_listed) {
  const std::vector<CaseResult> listed = listed_cases(report, most_listed);
  const Json data = {
      {"seed", std::to_string(report.run.seed)},
      {"cases", {{"count", listed.size()}, {"columns", case_columns(listed)}}},
      {"failures", failures(listed)},
      {"smallest", smallest_cases(listed)},
      {"measurements", {{"count", report.measurements.size()}, {"columns", measurement_columns(report.measurements)}}}};
  return script_safe(data.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace lockstep::reports
