// SPDX-License-Identifier: Apache-2.0
#pragma once
// The block `training` of a report's JSON.

#include "reports/json_reader.hpp"
#include "reports/training_report.hpp"

namespace lockstep::reports {

Json training_json(const Training& training);

// Throws Error where a member is missing or wrong, lists that belong together differ in length, or a decomposition does
// not sum to its step.
Training read_training(const JsonReader& from);

}  // namespace lockstep::reports
