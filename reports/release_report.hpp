// SPDX-License-Identifier: Apache-2.0
#pragma once
// The judgement of one implementation that is to be released in the place of another: plain structs that the suites fill
// and that the release sheet shows. The JSON file that stores them is described in schema/release.schema.json.
//
// The verdict follows from what is here (statement_of) and is stored beside it only so that a script need not derive it;
// a file whose verdict contradicts its reasons is refused.

#include <cstdint>
#include <string>
#include <vector>

#include "reports/compare.hpp"
#include "reports/report.hpp"

namespace lockstep::reports {

inline constexpr int release_version = 1;

enum class CheckStatus { passed, failed, not_checked };

// One line of the table of checks.
struct ReleaseCheck {
  std::string name = {};   // "tile_edges"; unique in a release
  std::string title = {};  // "Sizes around tile edges"
  CheckStatus status = CheckStatus::not_checked;
  std::int64_t planned = 0;   // how many cases, launches or faults it was to try
  std::int64_t judged = 0;    // of these, how many ran: passed and failed ones
  std::int64_t failed = 0;    // of the judged
  std::int64_t declined = 0;  // planned, but the candidate does not take them
  std::int64_t refused = 0;   // planned, but the operator's contract does not take them
  std::string detail = {};    // what was tried; for not_checked: why it was not
};

// Why the candidate is held: one for each check, direction and dtype that it fails, with the smallest case that shows it.
struct HoldReason {
  std::string check = {};     // of a ReleaseCheck, or "complete" when what must be judged was not
  std::string message = {};   // one sentence
  std::string id = {};        // of a case, or ""
  std::int64_t cases = 1;     // how many cases it stands for
  std::string rerun = {};     // command line, or ""
  std::string smallest = {};  // id of the case it was reduced to, or "" where it was not
  std::string smallest_rerun = {};
};

// Errors of one implementation over a group of cases, all measured with one yardstick: the bound and the rms of sums in
// float32 in any order, whatever the implementation itself promises.
struct ReleaseError {
  std::int64_t cases = 0;             // judged
  std::int64_t elements = 0;          // judged
  double worst_bound = not_a_number;  // largest |error| in bounds; NaN: nothing was judged. May be infinite
  double worst_rms = not_a_number;
  std::int64_t mismatches_to_correct_rounding = 0;
};

struct AccuracyRow {
  std::string direction = {};
  std::string dtype = {};
  ReleaseError candidate = {};
  ReleaseError baseline = {};
};

// Candidate and baseline on one problem, measured in turns: sample i of both comes from process i.
struct SpeedRow {
  std::string operation = {};  // "layer_norm.forward"
  std::string problem = {};
  std::string source = {};
  MeasurementKind kind = MeasurementKind::cpu_wall;
  std::vector<double> candidate_seconds = {};
  std::vector<double> baseline_seconds = {};
  double candidate_median = 0;
  double baseline_median = 0;
  double ratio = not_a_number;      // median over the pairs of candidate / baseline
  double ratio_low = not_a_number;  // 95 % interval; NaN: too few pairs
  double ratio_high = not_a_number;
  double p_value = 1;  // two-sided exact sign test of "the ratio is 1"
  SpeedVerdict verdict = SpeedVerdict::inconclusive;
  bool quiet = true;
  ReleaseError candidate_error = {};
  ReleaseError baseline_error = {};
};

// What the compiler says of one kernel of the candidate.
struct KernelFigures {
  std::string name = {};
  std::string source = {};        // "linear/forward_tiled.cu"
  std::string architecture = {};  // "sm_90"
  int registers = 0;
  std::int64_t spill_store_bytes = 0;
  std::int64_t spill_load_bytes = 0;
  std::int64_t stack_bytes = 0;
  std::int64_t shared_bytes = 0;  // static
};

struct Release {
  Environment environment = {};
  Run run = {};
  std::string operator_name = {};
  std::vector<std::string> directions = {};
  std::string candidate = {};  // "cuda.warp_per_row"
  std::string baseline = {};
  std::vector<std::string> dtypes = {};   // in which the candidate was judged
  std::vector<std::string> devices = {};  // "emulated", "gpu", "cpu": where the candidate was judged
  double allowed_slowdown = 0;            // 0.05: proved to be more than 5 % slower holds
  std::vector<ReleaseCheck> checks = {};
  std::vector<HoldReason> reasons = {};
  std::vector<Reason> conditions = {};   // what does not hold, but a reader must know: what = "declines", why = ...
  std::vector<Reason> not_checked = {};  // what = "speed", why = "emulated runs are judged, never timed"
  std::vector<AccuracyRow> accuracy = {};
  std::vector<SpeedRow> speed = {};
  std::vector<FaultResult> faults = {};
  std::vector<KernelFigures> kernels = {};
  std::string kernels_from = {};  // where the figures come from, or ""
};

enum class ReleaseVerdict { release, hold, nothing_ran };

struct ReleaseStatement {
  ReleaseVerdict verdict = ReleaseVerdict::nothing_ran;
  std::string lead = {};   // "RELEASE"
  std::string scope = {};  // "for correctness under the emulator; speed not judged"
};

// What may be said of it: never more than what was run.
ReleaseStatement statement_of(const Release& release);

// 0 RELEASE, 1 HOLD, 3 nothing ran, 130 interrupted.
int exit_status_of(const Release& release);

// Some lines for a terminal: the verdict, its reasons, what was not checked.
std::string release_text(const Release& release, std::size_t limit = 12);

// A table of check names and titles, in the order of the sheet.
struct CheckTitle {
  const char* name;
  const char* title;
};
const std::vector<CheckTitle>& release_checks();

}  // namespace lockstep::reports
