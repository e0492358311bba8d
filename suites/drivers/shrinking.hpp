// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/plan/shrink.hpp"
#include "reports/report.hpp"
#include "suites/drivers/selection.hpp"

namespace lockstep {

class Options;

/// How long smaller cases are looked for.
struct ShrinkLimits {
  /// For one failing case; 0: none is shrunk.
  double seconds_of_one = 10;
  /// For all of a run together.
  double seconds_of_all = 60;

  void add_options(Options& command);
};

/// What a trial asks of a problem: to judge it (verify), or what a release asks (stress, far_strides), of which the finding of
/// one stress counts.
struct TrialQuestion {
  TaskKind kind = TaskKind::verify;
  Stress stress = Stress::repeated_launches;
};

/// What came of shrinking one case.
struct SmallestCase {
  /// The smallest problem; `reproduced` is false where the case did not fail again as it had.
  Shrunk shrunk;
  /// Its case.
  std::string id;
  /// In what way it fails, as finding_of says it.
  std::string finding;
};

/// Shrinks a case that `outcome` (failed, crashed or timed_out) came of. Every trial runs in a worker process, so that
/// crashes and hangs shrink too. While a hang is shrunk, a hang is what does not end within a tenth of the time there is,
/// and not within the selection's timeout. A trial on plain data counts where the float reference passes it.
SmallestCase shrink_case(const Case& item, std::uint64_t seed, reports::Outcome outcome, const Selection& selection,
                         const std::string& program, const ShrinkBudget& budget, const TrialQuestion& question = {});

/// Shrinks the broken cases of a report within the limits, two of each outcome of an implementation in a direction, writes
/// what it found into their rows (CaseResult::smallest) and says it on standard output. The smallest cases are dumped into
/// `dumps`/failures, in the format of dump_case; not where `dumps` is empty.
void shrink_failures(reports::Report& report, const Catalogue& catalogue, const Selection& selection,
                     const std::string& program, const ShrinkLimits& limits, const std::string& dumps);

}  // namespace lockstep
