// SPDX-License-Identifier: Apache-2.0
#include "reports/fuzz_file.hpp"

#include <array>

#include "reports/json_values.hpp"

namespace lockstep::reports {
namespace {

constexpr std::array of_contract = {"accepted", "refused", "malformed"};
constexpr std::array of_implementation = {"unsupported", "failed", "blind", "crashed", "timed_out"};
// Far above what a run draws; sums of as many rows stay in range.
constexpr std::int64_t most_of_a_row = std::int64_t{1} << 40;
constexpr std::size_t most_rows = 100'000;

template <std::size_t count>
void check_verdict(const JsonReader& from, const std::string& verdict, const std::array<const char*, count>& accepted) {
  std::string names;
  for (const char* name : accepted) {
    if (verdict == name) return;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  from.fail("\"" + verdict.substr(0, 40) + "\" is none of " + names);
}

DrawnRow read_row(const JsonReader& from) {
  DrawnRow row{.operation = from.text("operation"),
               .implementation = from.text("implementation"),
               .verdict = from.text("verdict"),
               .reason = from.text("reason"),
               .count = from.integer("count"),
               .first = from.unsigned_integer("first")};
  if (row.implementation.empty())
    check_verdict(from.member("verdict"), row.verdict, of_contract);
  else
    check_verdict(from.member("verdict"), row.verdict, of_implementation);
  if (row.count < 1 || row.count > most_of_a_row) from.member("count").wrong("a count of problems");
  return row;
}

}  // namespace

std::int64_t Fuzzing::by_contract(const std::string& verdict) const {
  std::int64_t total = 0;
  for (const DrawnRow& row : rows)
    if (row.implementation.empty() && row.verdict == verdict) total += row.count;
  return total;
}

std::int64_t Fuzzing::problems() const {
  std::int64_t total = 0;
  for (const char* verdict : of_contract) total += by_contract(verdict);
  return total;
}

Json fuzzing_json(const Fuzzing& fuzzing) {
  return {{"first", fuzzing.first}, {"rows", list_of(fuzzing.rows, [](const DrawnRow& row) -> Json {
                                       return {{"operation", row.operation}, {"implementation", row.implementation},
                                               {"verdict", row.verdict},     {"reason", row.reason},
                                               {"count", row.count},         {"first", row.first}};
                                     })}};
}

Fuzzing read_fuzzing(const JsonReader& from) {
  Fuzzing fuzzing{.first = from.unsigned_integer("first"), .rows = {}};
  from.each("rows", [&](const JsonReader& row) {
    if (fuzzing.rows.size() == most_rows) from.fail("more than " + std::to_string(most_rows) + " rows");
    fuzzing.rows.push_back(read_row(row));
  });
  return fuzzing;
}

}  // namespace lockstep::reports
