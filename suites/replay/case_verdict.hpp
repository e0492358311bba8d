// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "suites/replay/operator_run.hpp"

namespace lockstep {

/// What came of a case. computed: there was nothing to compare with. failed: the implementation gave no result.
enum class VerdictKind : std::uint8_t {
  agreed,
  computed,
  refused_as_it_must,
  differs,
  refused_but_must_not,
  not_refused_but_must_be,
  failed,
  not_served,
  unreadable
};
inline constexpr std::size_t kVerdictKinds = 9;

/// "refused as it must"
std::string_view name_of(VerdictKind kind);

struct CaseVerdict {
  VerdictKind kind = VerdictKind::not_served;
  /// The rest of the verdict line.
  std::string text;
  /// Everything that was computed.
  std::vector<ComputedArray> arrays;
  /// The message of the operator's refusal, where it refused.
  std::string refusal;
  /// Why the case, or one direction of it, was not served.
  std::string skip_reason;
};

/// Reads a case, computes it with the machine and compares. Never throws for what the case or the implementation does:
/// a malformed case is `unreadable` with the path and what is accepted.
CaseVerdict judge_case(const std::filesystem::path& folder, const Catalogue& catalogue, ReplayMachine& machine);

}  // namespace lockstep
