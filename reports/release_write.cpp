// SPDX-License-Identifier: Apache-2.0
#include "reports/json_values.hpp"
#include "reports/release_file.hpp"
#include "reports/release_names.hpp"

namespace lockstep::reports {
namespace {

Json reason_json(const Reason& reason) { return {{"what", reason.what}, {"why", reason.why}}; }

Json check_json(const ReleaseCheck& check) {
  return {{"name", check.name},         {"title", check.title},     {"status", name_of(check.status)},
          {"planned", check.planned},   {"judged", check.judged},   {"failed", check.failed},
          {"declined", check.declined}, {"refused", check.refused}, {"detail", check.detail}};
}

Json hold_json(const HoldReason& reason) {
  return {{"check", reason.check},
          {"message", reason.message},
          {"id", reason.id},
          {"cases", reason.cases},
          {"rerun", reason.rerun},
          {"smallest", reason.smallest},
          {"smallest_rerun", reason.smallest_rerun}};
}

Json error_json(const ReleaseError& error) {
  Json object = {{"cases", error.cases}, {"elements", error.elements}};
  put_number(object, "worst_bound", error.worst_bound);
  put_number(object, "worst_rms", error.worst_rms);
  object["mismatches_to_correct_rounding"] = error.mismatches_to_correct_rounding;
  return object;
}

Json speed_json(const SpeedRow& row) {
  return {{"operation", row.operation},
          {"problem", row.problem},
          {"source", row.source},
          {"kind", name_of(row.kind)},
          {"candidate_seconds", numbers(row.candidate_seconds)},
          {"baseline_seconds", numbers(row.baseline_seconds)},
          {"candidate_median", number(row.candidate_median)},
          {"baseline_median", number(row.baseline_median)},
          {"ratio", number(row.ratio)},
          {"ratio_low", number(row.ratio_low)},
          {"ratio_high", number(row.ratio_high)},
          {"p_value", number(row.p_value)},
          {"verdict", name_of(row.verdict)},
          {"quiet", row.quiet},
          {"candidate_error", error_json(row.candidate_error)},
          {"baseline_error", error_json(row.baseline_error)}};
}

Json kernel_json(const KernelFigures& kernel) {
  return {{"name", kernel.name},
          {"source", kernel.source},
          {"architecture", kernel.architecture},
          {"registers", kernel.registers},
          {"spill_store_bytes", kernel.spill_store_bytes},
          {"spill_load_bytes", kernel.spill_load_bytes},
          {"stack_bytes", kernel.stack_bytes},
          {"shared_bytes", kernel.shared_bytes}};
}

}  // namespace

Json to_json(const Release& release) {
  // What a release has in common with a report is written as a report writes it.
  Report common;
  common.environment = release.environment;
  common.run = release.run;
  common.faults = release.faults;
  const Json shared = to_json(common);
  const ReleaseStatement statement = statement_of(release);
  Json document = {{"lockstep", {{"format", "lockstep.release"}, {"version", release_version}}},
                   {"verdict", {{"name", name_of(statement.verdict)}, {"scope", statement.scope}}},
                   {"environment", shared["environment"]},
                   {"run", shared["run"]},
                   {"operator", release.operator_name},
                   {"directions", release.directions},
                   {"candidate", release.candidate},
                   {"baseline", release.baseline},
                   {"dtypes", release.dtypes},
                   {"devices", release.devices},
                   {"allowed_slowdown", number(release.allowed_slowdown)}};
  document["reasons"] = list_of(release.reasons, hold_json);
  document["checks"] = list_of(release.checks, check_json);
  document["conditions"] = list_of(release.conditions, reason_json);
  document["not_checked"] = list_of(release.not_checked, reason_json);
  document["accuracy"] = list_of(release.accuracy, [](const AccuracyRow& row) -> Json {
    return {{"direction", row.direction},
            {"dtype", row.dtype},
            {"candidate", error_json(row.candidate)},
            {"baseline", error_json(row.baseline)}};
  });
  document["speed"] = list_of(release.speed, speed_json);
  document["faults"] = shared["faults"];
  document["kernels"] = list_of(release.kernels, kernel_json);
  document["kernels_from"] = release.kernels_from;
  return document;
}

}  // namespace lockstep::reports
