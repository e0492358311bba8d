// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/verify.hpp"

namespace lockstep {

/// Whether an implementation leaves alone a problem that the contract refuses. `origin` is a problem that the contract
/// takes. refused: the contract and, where it was asked, the implementation refused it. skipped: the implementation says
/// that it does not take it. failed: it was computed all the same, or the contract takes the problem after all.
///
/// Judging never hands an implementation a problem that is refused. So where only parameters differ from `origin`, whose
/// tensors then are what a caller would have, the implementation is asked directly: it is prepared and launched on them, and
/// must throw (a Refused or an Error) before it ends.
CaseResult probe_refusal(const Case& item, const Problem& origin, Device& device, std::uint64_t seed);

}  // namespace lockstep
