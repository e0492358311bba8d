// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "suites/release/release_findings.hpp"

namespace lockstep {

/// Looks for the smallest case of each reason to hold that a failing case or launch stands for, within the request's limits,
/// and writes it into the reason.
void shrink_reasons(ReleaseFindings& findings, const ReleaseRequest& request, const ReleaseSubject& subject,
                    const std::string& program);

}  // namespace lockstep
