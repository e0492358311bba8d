// SPDX-License-Identifier: Apache-2.0
#include "reports/totals.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

std::string group_name(const CaseResult& result) {
  return result.operator_name + "." + result.direction + "/" + result.implementation;
}

// "1 implementation fails", "2 training runs fail", "3 implementations and 1 training run fail".
Verdict broken_verdict(const Report& report, const std::vector<BrokenGroup>& groups) {
  bool any_failed = false;
  for (const BrokenGroup& group : groups) {
    for (const std::size_t index : group.cases) {
      any_failed = any_failed || report.cases[index].outcome == Outcome::failed;
    }
  }
  for (const TrainingRun& run : report.training.runs) any_failed = any_failed || run.outcome == Outcome::failed;
  const Totals totals = totals_of(report);
  const auto implementations = static_cast<std::int64_t>(groups.size());
  const std::int64_t runs = totals.training.broken, count = implementations + runs;
  std::string lead = implementations > 0 ? plural(implementations, "implementation") : "";
  if (runs > 0) lead += (lead.empty() ? "" : " and ") + plural(runs, "training run");
  const char* singular = any_failed ? " fails" : " does not come to its end";
  const char* several = any_failed ? " fail" : " do not come to their end";
  return {.tone = Tone::bad,
          .lead = lead + (count == 1 ? singular : several),
          .rest = totals.implementations + totals.training.runs > count ? ", everything else agrees." : ".",
          .note = ""};
}

}  // namespace

bool is_broken(Outcome outcome) {
  return outcome == Outcome::failed || outcome == Outcome::blind || outcome == Outcome::crashed ||
         outcome == Outcome::timed_out;
}

bool was_run(Outcome outcome) { return outcome != Outcome::skipped && outcome != Outcome::refused; }

TrainingTotals training_totals(const Training& training) {
  TrainingTotals totals;
  for (const TrainingRun& run : training.runs) {
    if (!was_run(run.outcome)) continue;
    ++totals.runs;
    totals.broken += is_broken(run.outcome);
    totals.bit_identical += run.agreement && run.agreement->bit_identical;
  }
  for (const TrainingFault& fault : training.faults) ++(fault.caught ? totals.faults_caught : totals.faults_missed);
  return totals;
}

double worst_distance(const TrainingAgreement& agreement) {
  double worst = not_a_number;
  for (const double distance :
       {agreement.worst_loss, agreement.worst_gradient, agreement.worst_parameter, agreement.worst_buffer}) {
    worst = std::fmax(worst, distance);
  }
  return worst;
}

Totals totals_of(const Report& report) {
  Totals totals;
  totals.training = training_totals(report.training);
  std::set<std::string> implementations, operators;
  for (const CaseResult& result : report.cases) {
    ++totals.by_outcome[static_cast<std::size_t>(result.outcome)];
    ++totals.cases;
    if (!was_run(result.outcome)) continue;
    ++totals.judged_cases;
    totals.elements_total += result.elements_total;
    totals.elements_judged += result.elements_judged;
    totals.judgements += result.seeds_judged;
    implementations.insert(group_name(result));
    operators.insert(result.operator_name);
  }
  totals.implementations = static_cast<std::int64_t>(implementations.size());
  totals.operators = static_cast<std::int64_t>(operators.size());
  totals.seeds = std::max<std::int64_t>(1, static_cast<std::int64_t>(report.run.seeds.size()));
  for (const FaultResult& fault : report.faults) {
    switch (fault.status) {
      case FaultStatus::caught: ++totals.faults_caught; break;
      case FaultStatus::missed: ++totals.faults_missed; break;
      case FaultStatus::blind: ++totals.faults_blind; break;
      case FaultStatus::equivalent:
      case FaultStatus::below_resolution: ++totals.faults_excused; break;
    }
  }
  return totals;
}

std::string rerun_command(const CaseResult& result) {
  if (result.failure && !result.failure->rerun.empty()) return result.failure->rerun;
  static constexpr const char* harmless = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.=,/+-";
  std::string id = result.id;
  if (id.find_first_not_of(harmless) != std::string::npos) {
    // For a shell: a quote inside single quotes is written as '\\''.
    for (std::size_t at = id.find('\''); at != std::string::npos; at = id.find('\'', at + 4))
      id.replace(at, 1, "'\\''");
    id = "'" + id + "'";
  }
  return "lockstep verify --case " + id + " --seed " + std::to_string(result.seed);
}

double severity(const CaseResult& result) {
  if (!result.failure) return result.outcome == Outcome::blind ? 0 : std::numeric_limits<double>::infinity();
  const double error = result.failure->error_in_bounds;
  return std::isfinite(error) ? error : std::numeric_limits<double>::infinity();
}

std::vector<BrokenGroup> broken_groups(const Report& report) {
  std::map<std::string, BrokenGroup> by_name;
  for (std::size_t index = 0; index < report.cases.size(); ++index) {
    const CaseResult& result = report.cases[index];
    if (!was_run(result.outcome)) continue;
    BrokenGroup& group = by_name[group_name(result)];
    ++group.cases_of_group;
    if (is_broken(result.outcome) && result.outcome != Outcome::blind) group.cases.push_back(index);
  }
  std::vector<BrokenGroup> groups;
  for (auto& [name, group] : by_name) {
    if (group.cases.empty()) continue;
    group.name = name;
    std::stable_sort(group.cases.begin(), group.cases.end(), [&](std::size_t left, std::size_t right) {
      return severity(report.cases[left]) > severity(report.cases[right]);
    });
    groups.push_back(std::move(group));
  }
  std::stable_sort(groups.begin(), groups.end(), [&](const BrokenGroup& left, const BrokenGroup& right) {
    return severity(report.cases[left.cases.front()]) > severity(report.cases[right.cases.front()]);
  });
  return groups;
}

std::vector<SkipGroup> skip_groups(const Report& report) {
  std::map<std::string, std::pair<std::int64_t, std::set<std::string>>> by_reason;
  for (const CaseResult& result : report.cases) {
    if (was_run(result.outcome)) continue;
    auto& [count, implementations] = by_reason[result.reason.empty() ? "no reason was given" : result.reason];
    ++count;
    implementations.insert(result.implementation);
  }
  std::vector<SkipGroup> groups;
  for (const auto& [reason, found] : by_reason) {
    groups.push_back(
        {.reason = reason, .cases = found.first, .implementations = {found.second.begin(), found.second.end()}});
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const SkipGroup& left, const SkipGroup& right) { return left.cases > right.cases; });
  return groups;
}

Verdict verdict_of(const Report& report) {
  const Totals totals = totals_of(report);
  const std::vector<BrokenGroup> groups = broken_groups(report);
  Verdict verdict;
  const std::int64_t unseen = totals.faults_missed + totals.training.faults_missed;
  if (!groups.empty() || totals.training.broken > 0) {
    verdict = broken_verdict(report, groups);
  } else if (unseen > 0) {
    verdict = {.tone = Tone::bad,
               .lead = plural(unseen, "planted fault") + " went unseen",
               .rest = ", though every implementation agrees.",
               .note = ""};
  } else if (totals.judged_cases == 0 && totals.training.runs == 0) {
    const bool none_listed = totals.cases == 0 && report.training.runs.empty();
    verdict = {.tone = Tone::empty,
               .lead = "Nothing was judged",
               .rest = none_listed ? ": no case was listed." : ": every case was skipped, for the reasons below.",
               .note = ""};
    const Training& training = report.training;
    if (none_listed && !(training.sync_batch_norm.empty() && training.scaling.empty() && training.collectives.empty()))
      verdict = {.tone = Tone::empty,
                 .lead = "Measured",
                 .rest = ": what parallel training costs and gives. No case was judged in this run.",
                 .note = ""};
  } else if (totals.faults_blind > 0) {
    verdict = {.tone = Tone::bad,
               .lead = plural(totals.faults_blind, "declared fault") + " could not show",
               .rest = ": no case would have revealed it. Everything judged agrees.",
               .note = ""};
  } else if (totals.of(Outcome::blind) > 0) {
    verdict = {.tone = Tone::bad,
               .lead = plural(totals.of(Outcome::blind), "case") + " could not have failed",
               .rest = ". Everything judged agrees.",
               .note = ""};
  } else {
    verdict = {.tone = Tone::good, .lead = "Everything agrees", .rest = ".", .note = ""};
  }
  if (report.run.interrupted) {
    verdict.note = "The run was interrupted; this page tells what was done until then.";
    if (verdict.tone == Tone::good) verdict.lead = "Everything judged so far agrees";
    if (verdict.tone == Tone::good) verdict.tone = Tone::warning;
  } else if (report.run.expected_cases && totals.judged_cases < *report.run.expected_cases) {
    verdict.note = "Only " + grouped(totals.judged_cases) + " of the " + grouped(*report.run.expected_cases) +
                   " expected cases ran.";
    if (verdict.tone == Tone::good) verdict.tone = Tone::warning;
  }
  return verdict;
}

}  // namespace lockstep::reports
