// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "reports/number_text.hpp"
#include "reports/release_report.hpp"
#include "reports/terminal_text.hpp"

namespace lockstep::reports {
namespace {

bool has(const std::vector<std::string>& list, const char* name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string where(const Release& release) {
  std::string text;
  const auto add = [&](const char* device, const std::string& words) {
    if (has(release.devices, device)) text += (text.empty() ? "" : " and ") + words;
  };
  add("gpu", "on " + (release.environment.gpu ? release.environment.gpu->name : std::string("a GPU")));
  add("cpu", "on this CPU");
  add("emulated", "under the emulator");
  return text;
}

std::string speed_clause(const Release& release) {
  if (release.speed.empty()) return "speed not judged";
  const auto inconclusive = std::count_if(release.speed.begin(), release.speed.end(), [](const SpeedRow& row) {
    return row.verdict == SpeedVerdict::inconclusive;
  });
  const auto rows = static_cast<std::int64_t>(release.speed.size());
  if (inconclusive == rows) return "speed measured, and not told apart from that of " + release.baseline;
  return "speed on " + plural(rows, "problem") + " against " + release.baseline;
}

}  // namespace

const std::vector<CheckTitle>& release_checks() {
  static const std::vector<CheckTitle> checks{
      {"problems", "Listed problems"},
      {"tile_edges", "Sizes around tile edges"},
      {"layouts", "Layouts: channels last, strided, unaligned"},
      {"far_strides", "Rows more than 2^31 elements apart"},
      {"beyond_2_31", "Tensors of more than 2^31 elements"},
      {"repeated_launches", "Repeated launches on the same buffers"},
      {"thread_orders", "Orders of threads"},
      {"determinism", "Determinism as promised"},
      {"check_mode", "Every access: races, bounds, uninitialised reads"},
      {"scratch_memory", "Nothing written around its scratch memory"},
      {"least_scratch", "Exactly the scratch memory it asks for"},
      {"no_scratch", "No scratch memory at all"},
      {"streams", "A stream that is not the default one"},
      {"graph_capture", "Capture into a CUDA graph"},
      {"faults", "Faults that the judge must reject"},
      {"speed", "Speed against the baseline"},
  };
  return checks;
}

ReleaseStatement statement_of(const Release& release) {
  const bool judged = std::any_of(release.checks.begin(), release.checks.end(), [](const ReleaseCheck& check) {
    return check.judged > 0 && check.name != "faults" && check.name != "speed";
  });
  if (!release.reasons.empty())
    return {ReleaseVerdict::hold, "HOLD", plural(static_cast<std::int64_t>(release.reasons.size()), "reason")};
  if (!judged)
    return {ReleaseVerdict::nothing_ran, "NOTHING RAN", "no case of " + release.candidate + " could be judged here"};
  return {ReleaseVerdict::release, "RELEASE", "for correctness " + where(release) + "; " + speed_clause(release)};
}

int exit_status_of(const Release& release) {
  if (release.run.interrupted) return 130;
  switch (statement_of(release).verdict) {
    case ReleaseVerdict::release: return 0;
    case ReleaseVerdict::hold: return 1;
    case ReleaseVerdict::nothing_ran: break;
  }
  return 3;
}

std::string release_text(const Release& release, std::size_t limit) {
  const ReleaseStatement statement = statement_of(release);
  std::string text = statement.lead + "  " + plain(release.operator_name + " " + release.candidate) +
                     " in the place of " + plain(release.baseline) + ": " + plain(statement.scope) + "\n";
  for (std::size_t i = 0; i < release.reasons.size() && i < limit; ++i) {
    const HoldReason& reason = release.reasons[i];
    text += "  " + reason.check + ": " + plain(reason.message) + "\n";
    if (!reason.id.empty()) text += "    " + plain(reason.id) + "\n";
    if (!reason.rerun.empty()) text += "    " + plain(reason.rerun) + "\n";
    if (!reason.smallest.empty())
      text += "    smallest " + plain(reason.smallest) + "\n    " + plain(reason.smallest_rerun) + "\n";
  }
  if (release.reasons.size() > limit)
    text += "  and " + std::to_string(release.reasons.size() - limit) + " more, all on the sheet\n";
  for (const ReleaseCheck& check : release.checks) {
    if (check.status == CheckStatus::not_checked) continue;
    text += "  " + std::string(check.status == CheckStatus::passed ? "passed  " : "FAILED  ") + check.title + ": " +
            grouped(check.judged - check.failed) + " of " + grouped(check.judged) + "\n";
  }
  for (const Reason& condition : release.conditions)
    text += "  note        " + plain(condition.what) + ": " + plain(condition.why) + "\n";
  for (const Reason& missing : release.not_checked)
    text += "  not checked " + plain(missing.what) + ": " + plain(missing.why) + "\n";
  return text;
}

}  // namespace lockstep::reports
