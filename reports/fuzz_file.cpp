// SPDX-License-Identifier: Apache-2.0
#include "reports/fuzz_file.hpp"

#include "reports/json_values.hpp"

namespace lockstep::reports {
namespace {

// What the contract says of a problem is one of these.
constexpr const char* kOfContract[]{"accepted", "refused", "malformed"};

DrawnRow read_row(const JsonReader& from) {
  return {.operation = from.text("operation"),
          .implementation = from.text("implementation"),
          .verdict = from.text("verdict"),
          .reason = from.text("reason"),
          .count = from.integer("count"),
          .first = from.unsigned_integer("first")};
}

}  // namespace

std::int64_t Fuzzing::by_contract(const std::string& verdict) const {
  std::int64_t total = 0;
  for (const DrawnRow& row : rows)
    if (row.implementation.empty() && row.verdict == verdict) total += row.count;
  return total;
}

Json fuzzing_json(const Fuzzing& fuzzing) {
  return {{"problems", fuzzing.problems},
          {"first", fuzzing.first},
          {"rows", list_of(fuzzing.rows, [](const DrawnRow& row) -> Json {
             return {{"operation", row.operation}, {"implementation", row.implementation},
                     {"verdict", row.verdict},     {"reason", row.reason},
                     {"count", row.count},         {"first", row.first}};
           })}};
}

Fuzzing read_fuzzing(const JsonReader& from) {
  // A count beyond this is no count, and sums of rows stay in range.
  constexpr std::int64_t most_problems = std::int64_t{1} << 48;
  Fuzzing fuzzing{.problems = from.integer("problems"), .first = from.unsigned_integer("first"), .rows = {}};
  if (fuzzing.problems < 0 || fuzzing.problems > most_problems) from.member("problems").wrong("a count");
  from.each("rows", [&](const JsonReader& row) {
    fuzzing.rows.push_back(read_row(row));
    if (fuzzing.rows.back().count < 1 || fuzzing.rows.back().count > fuzzing.problems)
      row.member("count").wrong("a count from 1 to the number of problems");
  });
  std::int64_t told = 0;
  for (const char* verdict : kOfContract) told += fuzzing.by_contract(verdict);
  if (told != fuzzing.problems)
    from.fail("the contract's verdicts count " + std::to_string(told) + " problems, and " +
              std::to_string(fuzzing.problems) + " were drawn");
  return fuzzing;
}

}  // namespace lockstep::reports
