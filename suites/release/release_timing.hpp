// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "suites/drivers/report_builder.hpp"
#include "suites/release/release_findings.hpp"

namespace lockstep {

/// Times candidate and baseline in turns on up to eight problems of each direction, in `request.rounds` fresh processes,
/// every other one in the opposite order, and measures the errors of both on the same problems. Where they cannot be timed
/// against one another the findings say why. Measurements also go into the builder's report.
std::vector<reports::SpeedRow> time_release(const ReleaseRequest& request, const ReleaseSubject& subject,
                                            const std::string& program, ReleaseFindings& findings,
                                            ReportBuilder& builder);

/// What `kind` errors results say together; those that did not run are left out.
void add_error(reports::ReleaseError& error, const std::optional<TaskResult>& result);

}  // namespace lockstep
