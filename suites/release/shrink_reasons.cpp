// SPDX-License-Identifier: Apache-2.0
#include "suites/release/shrink_reasons.hpp"

#include <algorithm>

#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/progress.hpp"

namespace lockstep {
namespace {

std::optional<reports::Outcome> shrinkable(Outcome outcome) {
  switch (outcome) {
    case Outcome::failed: return reports::Outcome::failed;
    case Outcome::crashed: return reports::Outcome::crashed;
    case Outcome::timed_out: return reports::Outcome::timed_out;
    default: return std::nullopt;  // what is declined or refused is shown as it is
  }
}

}  // namespace

void shrink_reasons(ReleaseFindings& findings, const ReleaseRequest& request, const ReleaseSubject& subject,
                    const std::string& program) {
  const std::vector<ReleaseFindings::Held*> all = findings.held();
  std::string why;
  const std::optional<Selection> checking = under_check_mode(request, subject, why);
  double seconds_left = request.shrinking.seconds_of_all;
  Progress progress("looking for smallest cases", all.size());
  std::size_t done = 0;
  for (ReleaseFindings::Held* held : all) {
    const auto outcome = shrinkable(held->outcome);
    const double seconds = std::min(request.shrinking.seconds_of_one, seconds_left);
    if (!outcome || !(seconds > 0) || interrupted()) continue;
    reports::HoldReason& reason = held->reason;
    const bool is_checked = reason.check == "check_mode";
    const Selection& machine = is_checked && checking ? *checking : request.machine;
    const SmallestCase smallest = shrink_case(*held->item, request.machine.seed, *outcome, machine, program,
                                              {.seconds = seconds, .stop = interrupted}, held->question);
    seconds_left -= smallest.shrunk.seconds;
    progress.advance(++done, reason.id);
    if (!smallest.shrunk.reproduced) continue;
    reason.smallest = smallest.id;
    reason.smallest_rerun = held->question.kind == TaskKind::verify ? verify_rerun(machine, smallest.id)
                                                                    : release_rerun(request, smallest.shrunk.problem);
  }
}

}  // namespace lockstep
