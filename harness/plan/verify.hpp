// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/plan/case.hpp"
#include "harness/plan/judgement.hpp"

namespace lockstep {

enum class Outcome : std::uint8_t { passed, failed, blind, skipped, crashed, timed_out, refused };
std::string_view name_of(Outcome outcome);

enum class Determinism : std::uint8_t { yes, no, not_promised, not_checked };
std::string_view name_of(Determinism determinism);

struct VerifyOptions {
  std::uint64_t seed = 1;
  Coverage coverage = Coverage::automatic;
};

/// What came of one case.
struct CaseResult {
  Outcome outcome = Outcome::skipped;
  /// Why it did not pass, in words; empty when it passed.
  std::string reason;
  DeviceKind device = DeviceKind::cpu;
  Margins margins;
  std::optional<Failure> failure;
  Determinism deterministic = Determinism::not_checked;
  /// Thread orders of the emulator that ran.
  std::vector<std::string> orders;
  double fill_seconds = 0, run_seconds = 0, judge_seconds = 0;
};

/// Draws inputs, runs the implementation (twice; under the emulator in three thread orders, in its check mode once more
/// with threads preempted at their accesses and problems of up to kMostUnderCheckMode), and judges every launch: canaries, inputs unchanged, everything written, the
/// three gates, equal bits where determinism is promised.
/// Never throws for what the implementation does: an exception from it is the outcome `failed` with its message. A problem
/// that the contract refuses is `refused`, one the implementation cannot take is `skipped`.
CaseResult verify_case(const Case& item, Device& device, const VerifyOptions& options);

}  // namespace lockstep
