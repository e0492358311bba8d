// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two reports side by side: which outcomes changed, and which speeds changed by more than noise explains.
//
// Speed is compared on logarithms, so that twice as fast and twice as slow are equally far from "unchanged".
//   paired    (both reports name the same pairing, so that sample i of each were taken right after one another):
//             d[i] = log(current[i] / baseline[i]); interval and test are those of the exact sign test on d.
//   unpaired  otherwise: intervals of the two medians from order statistics, each at half the error (Bonferroni).
// A case has regressed when the hypothesis "at most delta slower" falls, improved when "at most delta faster" does; the
// smaller of the two p-values, doubled, goes through Benjamini-Hochberg over all cases. It is unchanged only when its
// interval lies inside +-delta: that is proved, not assumed. Everything else is inconclusive.
// Training runs are compared by the seconds of their steps, which are samples of one process.
// Samples of one process say nothing about how processes differ (page placement, alignment, clocks). Where a report has
// only those, both limits are moved out by `one_process_allowance`.

#include <string>
#include <vector>

#include "reports/report.hpp"

namespace lockstep::reports {

struct CompareOptions {
  double delta = 0.02;                  // a change inside +-2 % is no change
  double alpha = 0.05;                  // 1 - coverage of every interval
  double false_discovery_rate = 0.05;   // over all cases
  double one_process_allowance = 0.05;  // for samples that are iterations of one process
};

enum class SpeedVerdict { regressed, improved, unchanged, inconclusive };

struct SpeedChange {
  std::string id = {};
  MeasurementKind kind = MeasurementKind::cpu_wall;
  bool training = false;  // the id is that of a training run, and the seconds are of one step
  double baseline_seconds = 0;
  double current_seconds = 0;
  double ratio = 1;                 // current / baseline, of medians (of the pairs' ratios when paired)
  double ratio_low = not_a_number;  // NaN: too few samples
  double ratio_high = not_a_number;
  double p_value = 1;
  double false_discovery_rate = 1;  // p-value after Benjamini-Hochberg
  bool paired = false;
  SpeedVerdict verdict = SpeedVerdict::inconclusive;
  std::string note = {};  // why it is inconclusive
};

// `lost_bits`: a training run that was equal to the last bit still agrees, but only within its limits.
enum class OutcomeMove {
  broke,
  fixed,
  still_broken,
  lost_bits,
  now_skipped,
  runs_again,
  reason_changed,
  appeared,
  vanished
};

struct OutcomeChange {
  std::string id = {};    // of a case, a training run, or a planted fault of training
  bool training = false;  // the id is not that of a case
  OutcomeMove move = OutcomeMove::appeared;
  std::string before = {};  // outcome's name, or "" when the case was not there
  std::string after = {};
  std::string reason = {};  // of the report in which it is broken or skipped
};

struct Comparison {
  std::string baseline_name = {};  // "revision 4f1c2ab of 2026-11-19T02:14:00Z"
  std::string current_name = {};
  // Another machine makes every difference of speed a difference of machines, so these are said first.
  std::vector<std::string> machine_differences = {};
  std::vector<std::string> build_differences = {};  // compiler, libraries, driver, build type, revision
  std::vector<OutcomeChange> outcomes = {};         // in the order of OutcomeMove, then by id
  std::vector<SpeedChange> speeds = {};             // by verdict, training first, then the largest
  std::int64_t unmatched_measurements = 0;          // timed in one report only
  CompareOptions options = {};

  std::int64_t count(OutcomeMove move) const;
  std::int64_t count(SpeedVerdict verdict) const;
  // New failures or, on the same machine, regressions: the exit status of `lockstep compare` is 1.
  bool got_worse() const;
};

Comparison compare(const Report& baseline, const Report& current, const CompareOptions& options = {});

std::string_view name_of(SpeedVerdict verdict);
std::string_view name_of(OutcomeMove move);

// For a terminal: plain lines of at most about 120 characters, the most important first. At most `limit` lines a block.
std::string compare_text(const Comparison& comparison, std::size_t limit = 20);

}  // namespace lockstep::reports
