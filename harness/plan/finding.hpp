// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/plan/verify.hpp"

namespace lockstep {

/// In what way a case went wrong, in words; empty where it passed, was skipped or was refused. Two cases with the same words
/// went wrong in the same way, whatever their shapes: numbers, indices and the names of tensors are left out.
///
///   "failed: a wrong value" (bound, statistical and exact gate alike, so that plainer data count), "failed: a number of
///   another kind" (NaN or infinity where a number belongs, or the reverse), "failed: a zero of the other sign",
///   "failed: an element never written", "failed: written outside of an output" (or "an input"), "failed: an input
///   overwritten", "failed: other bits in another launch", "failed: out of memory", "failed: " and the message of an
///   exception with # for its numbers, "crashed: " and how the worker ended, "timed_out"
std::string finding_of(const CaseResult& result);

}  // namespace lockstep
