// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "harness/data/error.hpp"
#include "reports/json_file.hpp"
#include "reports/json_reader.hpp"
#include "reports/release_file.hpp"
#include "reports/release_names.hpp"

namespace lockstep::reports {
namespace {

Reason read_reason(const JsonReader& from) { return {from.text("what"), from.text("why")}; }

ReleaseCheck read_check(const JsonReader& from) {
  return {.name = from.text("name"),
          .title = from.text("title"),
          .status = from.enumeration<CheckStatus>("status"),
          .planned = from.integer("planned"),
          .judged = from.integer("judged"),
          .failed = from.integer("failed"),
          .declined = from.integer("declined"),
          .refused = from.integer("refused"),
          .detail = from.text("detail")};
}

HoldReason read_hold(const JsonReader& from) {
  return {.check = from.text("check"),
          .message = from.text("message"),
          .id = from.text("id"),
          .cases = from.integer("cases"),
          .rerun = from.text("rerun"),
          .smallest = from.text("smallest"),
          .smallest_rerun = from.text("smallest_rerun")};
}

ReleaseError read_error(const JsonReader& from) {
  return {.cases = from.integer("cases"),
          .elements = from.integer("elements"),
          .worst_bound = from.number("worst_bound"),
          .worst_rms = from.number("worst_rms"),
          .mismatches_to_correct_rounding = from.integer("mismatches_to_correct_rounding")};
}

SpeedRow read_speed(const JsonReader& from) {
  return {.operation = from.text("operation"),
          .problem = from.text("problem"),
          .source = from.text("source"),
          .kind = from.enumeration<MeasurementKind>("kind"),
          .candidate_seconds = from.numbers("candidate_seconds"),
          .baseline_seconds = from.numbers("baseline_seconds"),
          .candidate_median = from.number("candidate_median"),
          .baseline_median = from.number("baseline_median"),
          .ratio = from.number("ratio"),
          .ratio_low = from.number("ratio_low"),
          .ratio_high = from.number("ratio_high"),
          .p_value = from.number("p_value"),
          .verdict = from.enumeration<SpeedVerdict>("verdict"),
          .quiet = from.boolean("quiet"),
          .candidate_error = read_error(from.member("candidate_error")),
          .baseline_error = read_error(from.member("baseline_error"))};
}

KernelFigures read_kernel(const JsonReader& from) {
  return {.name = from.text("name"),
          .source = from.text("source"),
          .architecture = from.text("architecture"),
          .registers = from.integer<int>("registers"),
          .spill_store_bytes = from.integer("spill_store_bytes"),
          .spill_load_bytes = from.integer("spill_load_bytes"),
          .stack_bytes = from.integer("stack_bytes"),
          .shared_bytes = from.integer("shared_bytes")};
}

bool says_release(const Json& document) {
  return document.is_object() && document.contains("lockstep") && document["lockstep"].is_object() &&
         document["lockstep"].value("format", Json()) == "lockstep.release";
}

// Another format or version is said before anything else is looked at: its members may be named alike.
void check_version(const Json& document, const std::string& origin) {
  if (!says_release(document))
    throw Error(origin + " is not a Lockstep release: it lacks \"lockstep\": {\"format\": \"lockstep.release\"}");
  const Json version = document["lockstep"].value("version", Json());
  if (version == release_version) return;
  const std::string found = version.is_number_integer() ? version.dump() : "unknown";
  throw Error(origin + " is version " + found + "; this Lockstep reads version " + std::to_string(release_version));
}

}  // namespace

Release release_from_json(const Json& document, const std::string& origin) {
  check_version(document, origin);
  const JsonReader root(document, origin, "");
  // What a release has in common with a report is read as a report reads it.
  Json shell = to_json(Report{});
  for (const char* block : {"environment", "run", "faults"}) {
    root.member(block);
    shell[block] = document[block];
  }
  Report common = from_json(shell, origin);
  Release release{.environment = std::move(common.environment),
                  .run = std::move(common.run),
                  .operator_name = root.text("operator"),
                  .directions = root.texts("directions"),
                  .candidate = root.text("candidate"),
                  .baseline = root.text("baseline"),
                  .dtypes = root.texts("dtypes"),
                  .devices = root.texts("devices"),
                  .allowed_slowdown = root.number("allowed_slowdown"),
                  .faults = std::move(common.faults),
                  .kernels_from = root.text("kernels_from")};
  root.each("reasons", [&](const JsonReader& from) { release.reasons.push_back(read_hold(from)); });
  root.each("checks", [&](const JsonReader& from) { release.checks.push_back(read_check(from)); });
  root.each("conditions", [&](const JsonReader& from) { release.conditions.push_back(read_reason(from)); });
  root.each("not_checked", [&](const JsonReader& from) { release.not_checked.push_back(read_reason(from)); });
  root.each("accuracy", [&](const JsonReader& from) {
    release.accuracy.push_back({.direction = from.text("direction"),
                                .dtype = from.text("dtype"),
                                .candidate = read_error(from.member("candidate")),
                                .baseline = read_error(from.member("baseline"))});
  });
  root.each("speed", [&](const JsonReader& from) { release.speed.push_back(read_speed(from)); });
  root.each("kernels", [&](const JsonReader& from) { release.kernels.push_back(read_kernel(from)); });
  const JsonReader verdict = root.member("verdict");
  const ReleaseVerdict follows = statement_of(release).verdict;
  if (verdict.enumeration<ReleaseVerdict>("name") != follows)
    verdict.fail("the verdict is \"" + verdict.text("name") + "\", but from the reasons and checks follows \"" +
                 std::string(name_of(follows)) + "\"");
  return release;
}

Release read_release(const std::filesystem::path& path) {
  return release_from_json(read_json_file(path), path.string());
}

void write_release(const std::filesystem::path& path, const Release& release) {
  write_text_atomically(path, json_file_text(to_json(release)));
}

bool is_release_file(const std::filesystem::path& path) {
  try {
    return says_release(read_json_file(path));
  } catch (const Error&) {
    return false;
  }
}

}  // namespace lockstep::reports
