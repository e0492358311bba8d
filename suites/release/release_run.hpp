// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reports/release_report.hpp"
#include "suites/drivers/report_builder.hpp"
#include "suites/release/release_request.hpp"

namespace lockstep {

/// Judges a candidate: the listed problems, launches under stress, planted faults, errors beside the baseline's, tensors
/// beyond 2^31 elements where they fit, sizes around tile edges for as long as the request's minutes last, speed. Everything
/// of the candidate's cases also goes into the builder's report. Interrupted, it returns what was done so far.
reports::Release judge_release(const ReleaseRequest& request, const ReleaseSubject& subject, const std::string& program,
                               ReportBuilder& builder);

}  // namespace lockstep
