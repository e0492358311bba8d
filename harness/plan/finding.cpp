// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/finding.hpp"

#include <cctype>
#include <utility>

namespace lockstep {
namespace {

bool says(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

/// On one line, every number with its decimals as one #.
std::string without_numbers(const std::string& text) {
  std::string result;
  const auto is_digit = [&](std::size_t i) {
    return i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool inside = !result.empty() && result.back() == '#';
    if (is_digit(i) && inside) continue;
    if (inside && text[i] == '.' && is_digit(i + 1)) continue;
    result += is_digit(i) ? '#' : text[i] == '\n' ? ' ' : text[i];
  }
  return result;
}

std::string words_of_failure(const CaseResult& result) {
  const std::string& reason = result.reason;
  if (says(reason, "was never written")) return "an element never written";
  // The words of GuardedTensor::damage.
  if (says(reason, "bytes written before the tensor") || says(reason, "bytes written behind the tensor") ||
      says(reason, "bytes written into the gap"))
    return reason.starts_with("workspace: ") ? "written outside of the workspace"
           : reason.starts_with("input ")    ? "written outside of an input"
                                             : "written outside of an output";
  if (reason.starts_with("input ") && reason.ends_with("was overwritten")) return "an input overwritten";
  if (says(reason, "gave different bits")) return "other bits in another launch";
  if (reason.starts_with("out of memory")) return "out of memory";
  if (result.failure && result.failure->gate != Gate::none) {
    if (says(reason, "has the sign of the other zero")) return "a zero of the other sign";
    return result.failure->gate == Gate::non_finite ? "a number of another kind" : "a wrong value";
  }
  return without_numbers(reason);
}

}  // namespace

std::string finding_of(const CaseResult& result) {
  switch (result.outcome) {
    case Outcome::passed:
    case Outcome::blind:
    case Outcome::skipped:
    case Outcome::refused: return "";
    case Outcome::failed: return "failed: " + words_of_failure(result);
    // The signal is the kind; a guess at its cause is not.
    case Outcome::crashed: return "crashed: " + result.reason.substr(0, result.reason.find(", perhaps"));
    case Outcome::timed_out: return "timed_out";
  }
  return "";
}

}  // namespace lockstep
