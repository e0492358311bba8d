// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reports/report.hpp"

namespace lockstep {

/// The machine, the build and its libraries, and what cannot run here with the reason.
reports::Environment describe_environment();

/// What Google Benchmark's context holds beyond that. `executable` is the program's name without its folder.
reports::Context describe_context(const std::string& executable);

/// UTC now as "2026-11-20T02:14:00Z".
std::string utc_now();

}  // namespace lockstep
