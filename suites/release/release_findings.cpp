// SPDX-License-Identifier: Apache-2.0
#include "suites/release/release_findings.hpp"

#include <algorithm>

#include "harness/plan/case_inputs.hpp"
#include "harness/plugin/outside_name.hpp"
#include "harness/simt/check_mode.hpp"
#include "reports/number_text.hpp"

namespace lockstep {
namespace {

using reports::CheckStatus;

std::int64_t elements_of(const Case& item) {
  std::int64_t elements = 0;
  const Signature signature = item.definition->signature(item.problem());
  for (const auto* list : {&signature.inputs, &signature.outputs})
    for (const TensorSpec& spec : *list) elements += element_count(spec.shape);
  return elements;
}

bool died(Outcome outcome) { return outcome == Outcome::crashed || outcome == Outcome::timed_out; }

std::string what_happened(const CaseResult& verdict) {
  return (died(verdict.outcome) ? std::string(name_of(verdict.outcome)) + ": " : "") + verdict.reason;
}

/// The words of the emulator's KernelFault.
bool says_wrong_stream(const std::string& reason) { return reason.find("wrong stream at ") != std::string::npos; }

}  // namespace

ReleaseFindings::ReleaseFindings(const ReleaseRequest& request, const ReleaseSubject& subject)
    : request_(request), subject_(subject) {
  for (const reports::CheckTitle& title : reports::release_checks())
    checks_.push_back({.name = title.name, .title = title.title});
}

reports::ReleaseCheck& ReleaseFindings::check(const std::string& name) {
  for (reports::ReleaseCheck& one : checks_)
    if (one.name == name) return one;
  throw Error("no check is called " + name);
}

void ReleaseFindings::judged(const std::string& name, const Case& item, DeviceKind device) {
  ++check(name).judged;
  dtypes_[item.problem().dtype] = true;
  devices_[device] = true;
}

void ReleaseFindings::also(const std::string& name, bool failed) {
  reports::ReleaseCheck& line = check(name);
  ++line.planned;
  ++line.judged;
  if (failed) ++line.failed;
}

bool ReleaseFindings::tells_streams(const Case& item, DeviceKind device) const {
  return device == DeviceKind::emulated && !library_of(*item.implementation).empty();
}

bool ReleaseFindings::has_judged(const std::string& name) const {
  return std::any_of(checks_.begin(), checks_.end(),
                     [&](const reports::ReleaseCheck& one) { return one.name == name && one.judged > 0; });
}

void ReleaseFindings::add_reason(const std::string& name, const Case& item, Held found) {
  const Problem& problem = item.problem();
  const std::string key = name + "/" + problem.operation() + "/" + std::string(name_of(problem.dtype));
  const bool is_new = !reasons_.contains(key);
  if (is_new) reason_order_.push_back(key);
  Held& held = reasons_[key];
  const std::int64_t cases = is_new ? 1 : held.reason.cases + 1;
  found.elements = elements_of(item);
  if (is_new || found.elements < held.elements) {
    held = std::move(found);
    held.reason.check = name;
    held.reason.id = item.id();
    held.item = item;
  }
  held.reason.cases = cases;
}

bool ReleaseFindings::contract_takes(const Case& item) const {
  try {
    const Signature signature = item.definition->signature(item.problem());
    draw_inputs(*item.definition, item.problem(), signature, request_.machine.seed);
    return true;
  } catch (const Refused&) {
    return false;
  }
}

void ReleaseFindings::add_case(const std::string& name, const Case& item, const std::optional<TaskResult>& result) {
  reports::ReleaseCheck& line = check(name);
  ++line.planned;
  if (!result) return;
  const CaseResult& verdict = result->verdict;
  const auto reason_to_hold = [&](const std::string& message, std::string rerun, Outcome outcome) -> Held {
    return {.reason = {.message = message, .rerun = std::move(rerun)}, .outcome = outcome};
  };
  const std::string release_again = release_rerun(request_, item.problem());
  if (verdict.outcome == Outcome::skipped) {
    ++line.declined;
    declined_.emplace_back(item, verdict.reason);
    if (verdict.reason.empty())
      add_reason(name, item,
                 reason_to_hold("it declines a problem and does not say why", release_again, verdict.outcome));
    return;
  }
  if (verdict.outcome == Outcome::refused) {
    if (!contract_takes(item)) {
      ++line.refused;
      return;
    }
    judged(name, item, verdict.device);
    ++line.failed;
    add_reason(name, item,
               reason_to_hold("it refuses a problem that the operator's contract takes: " + verdict.reason,
                              release_again, verdict.outcome));
    return;
  }
  if (died(verdict.outcome))
    ++line.judged;  // the device is unknown: the worker did not live to say it
  else
    judged(name, item, verdict.device);
  const std::int64_t elements = elements_of(item);
  auto& [seconds, counted] = rates_[item.problem().direction];
  seconds += verdict.fill_seconds + verdict.run_seconds + verdict.judge_seconds;
  counted += static_cast<double>(elements);
  const bool passed = verdict.outcome == Outcome::passed, varied = verdict.deterministic == Determinism::no,
             strayed = says_wrong_stream(verdict.reason);
  if (varied || (passed && verdict.deterministic == Determinism::yes)) also("determinism", varied);
  if (strayed || (passed && tells_streams(item, verdict.device))) also("streams", strayed);
  if (simt::check_mode() && verdict.device == DeviceKind::emulated) also("check_mode", !passed);
  if (passed) return;
  ++line.failed;
  add_reason(varied    ? "determinism"
             : strayed ? "streams"
                       : name,
             item, reason_to_hold(what_happened(verdict), verify_rerun(request_.machine, item.id()), verdict.outcome));
}

void ReleaseFindings::add_checked(const Selection& machine, const Case& item, const std::optional<TaskResult>& result) {
  reports::ReleaseCheck& line = check("check_mode");
  ++line.planned;
  if (!result) return;
  const CaseResult& verdict = result->verdict;
  if (verdict.outcome == Outcome::skipped) ++line.declined;
  if (verdict.outcome == Outcome::refused) ++line.refused;
  if (verdict.outcome == Outcome::skipped || verdict.outcome == Outcome::refused) return;
  ++line.judged;
  if (verdict.outcome == Outcome::passed) return;
  ++line.failed;
  add_reason("check_mode", item,
             {.reason = {.message = what_happened(verdict), .rerun = verify_rerun(machine, item.id())},
              .outcome = verdict.outcome});
}

void ReleaseFindings::add_stress(const std::string& died_in, const Case& item,
                                 const std::optional<TaskResult>& result) {
  if (!result) return;
  const CaseResult& verdict = result->verdict;
  const TaskKind kind = died_in == name_of(Stress::far_strides) ? TaskKind::far_strides : TaskKind::stress;
  const auto reason_to_hold = [&](const std::string& message, Stress stress, Outcome outcome) -> Held {
    return {.reason = {.message = message, .rerun = release_rerun(request_, item.problem())},
            .question = {.kind = kind, .stress = stress},
            .outcome = outcome};
  };
  if (result->stress.findings.empty() && verdict.outcome != Outcome::passed) {
    also(died_in, true);  // the device is unknown: the worker did not live to say it
    add_reason(died_in, item, reason_to_hold(what_happened(verdict), Stress::repeated_launches, verdict.outcome));
  }
  most_scratch_bytes_ = std::max(most_scratch_bytes_, result->stress.scratch_bytes);
  for (const StressFinding& finding : result->stress.findings) {
    const std::string name(name_of(finding.stress));
    reports::ReleaseCheck& line = check(name);
    ++line.planned;
    if (finding.outcome == Outcome::skipped) {
      ++line.declined;
      skipped_.emplace(name, finding.reason);
      continue;
    }
    judged(name, item, verdict.device);
    if (finding.outcome == Outcome::passed) continue;
    ++line.failed;
    const bool strayed = says_wrong_stream(finding.reason);
    if (strayed) also("streams", true);
    add_reason(strayed ? "streams" : name, item, reason_to_hold(finding.reason, finding.stress, finding.outcome));
  }
}

void ReleaseFindings::hold(const std::string& name, const std::string& message) {
  const std::string key = name + "//" + message;
  if (reasons_.contains(key)) return;
  reason_order_.push_back(key);
  reasons_[key].reason = {.check = name, .message = message};
}

void ReleaseFindings::not_checked(const std::string& name, const std::string& why) {
  not_checked_.push_back({check(name).title, why});
}

void ReleaseFindings::describe(const std::string& name, const std::string& detail) { check(name).detail = detail; }

void ReleaseFindings::count(const std::string& name, std::int64_t planned, std::int64_t judged_count,
                            std::int64_t failed) {
  reports::ReleaseCheck& line = check(name);
  line.planned = planned;
  line.judged = judged_count;
  line.failed = failed;
}

std::vector<std::string> ReleaseFindings::dtypes() const {
  std::vector<std::string> names;
  for (const auto& [dtype, judged_in] : dtypes_) names.emplace_back(name_of(dtype));
  return names;
}

std::vector<ReleaseFindings::Held*> ReleaseFindings::held() {
  std::vector<Held*> all;
  for (const std::string& key : reason_order_)
    if (reasons_.at(key).item) all.push_back(&reasons_.at(key));
  return all;
}

double ReleaseFindings::seconds_per_element(Direction direction) const {
  const auto found = rates_.find(direction);
  return found == rates_.end() || found->second.second == 0 ? 0 : found->second.first / found->second.second;
}

void ReleaseFindings::finish(reports::Release& release) const {
  release.checks = checks_;
  release.not_checked = not_checked_;
  for (reports::ReleaseCheck& line : release.checks) {
    line.status = line.failed > 0   ? CheckStatus::failed
                  : line.judged > 0 ? CheckStatus::passed
                                    : CheckStatus::not_checked;
    const auto skip = skipped_.find(line.name);
    const bool stands = std::any_of(not_checked_.begin(), not_checked_.end(),
                                    [&](const reports::Reason& reason) { return reason.what == line.title; });
    if (line.status == CheckStatus::not_checked) {
      if (skip != skipped_.end()) line.detail = skip->second;
      if (line.detail.empty() || stands)
        for (const reports::Reason& reason : not_checked_)
          if (reason.what == line.title) line.detail = reason.why;
      if (line.detail.empty()) line.detail = "nothing of it came to be tried";
      if (!stands) release.not_checked.push_back({line.title, line.detail});
    }
    const std::int64_t missing = line.planned - line.judged - line.declined - line.refused;
    if (missing > 0 && line.status != CheckStatus::not_checked)
      release.not_checked.push_back({line.title, reports::grouped(missing) + " of " + reports::grouped(line.planned) +
                                                     " planned were not reached in the time given"});
  }
  for (const std::string& key : reason_order_) release.reasons.push_back(reasons_.at(key).reason);
  release.conditions = conditions_;
  release.dtypes = dtypes();
  for (const auto& [device, seen] : devices_) release.devices.emplace_back(name_of(device));
}

}  // namespace lockstep
