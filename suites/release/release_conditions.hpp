// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "suites/release/release_findings.hpp"

namespace lockstep {

/// Says what a reader must know though it does not hold the candidate: where it promises less than the baseline, and which
/// listed problems it declines that the baseline takes. `bases`: one problem of each kind of call, by direction.
void add_conditions(const ReleaseRequest& request, const ReleaseSubject& subject, const std::string& program,
                    const std::map<Direction, std::vector<ListedProblem>>& bases, ReleaseFindings& findings);

/// Where a contract allows more than another does, in words: "accumulates in f16, the baseline in f32".
std::vector<std::string> weaker_promises(const PrecisionContract& candidate, const PrecisionContract& baseline);

/// Why a problem is too large for the memory of this machine and of `device`, where the candidate runs, or for the seconds
/// left; nothing where it is not.
/// `seconds_per_element`: what verdicts took on smaller ones.
std::optional<std::string> too_large(const ListedProblem& listed, double seconds_per_element, double seconds_left,
                                     const Operator& definition, const Selection& machine, DeviceKind device);

}  // namespace lockstep
