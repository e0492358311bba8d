// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// What one fault did in one problem.
struct FaultTrial {
  std::string fault, description;
  /// The fault exists in this problem and its effect, in float64, exceeds four gates somewhere in the sample.
  bool applies = false;
  /// The judge rejected it; meaningful where it applies.
  bool caught = false;
  /// Largest effect in units of the gate; infinite where nothing but equality is allowed.
  double effect_in_gates = 0;
  /// Why the fault cannot be seen here, in words (declared by the operator or by the harness); empty otherwise.
  std::string equivalent;
};

/// A fault must exceed this many gates to count: below it a correct kernel's own error could hide it.
inline constexpr double kFaultGates = 4.0;

/// Feeds every declared fault of the operator and of the harness through the judge that the implementations face: wrong
/// formulas, unwritten and swapped elements, lower precisions, and memory faults of a real launch. Throws Error when the
/// judge rejects the truth itself, since then no verdict means anything. Meant for problems of up to some 10^5 elements.
std::vector<FaultTrial> try_faults(const Operator& definition, const Problem& problem, std::uint64_t seed);

}  // namespace lockstep
