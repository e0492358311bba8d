// SPDX-License-Identifier: Apache-2.0
#pragma once
// The block `fuzzing` of a report's JSON.

#include "reports/fuzz_report.hpp"
#include "reports/json_reader.hpp"

namespace lockstep::reports {

Json fuzzing_json(const Fuzzing& fuzzing);

// Throws Error where a member is missing or wrong.
Fuzzing read_fuzzing(const JsonReader& from);

}  // namespace lockstep::reports
