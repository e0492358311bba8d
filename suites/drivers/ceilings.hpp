// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "reports/report.hpp"

namespace lockstep {

/// Copy bandwidth of one core by working set, from cache to memory: bytes read and written per second, the fastest of
/// several copies of random data. Takes about a second.
std::vector<reports::Ceiling> measure_copy_ceilings();

/// Names the ceiling that binds a measurement, memory or arithmetic, and its fraction of it: the time the ceilings allow
/// over the time taken. A fraction above one is an error of the model and said so in the row's note.
void place_under_ceiling(reports::Measurement& row, const std::vector<reports::Ceiling>& ceilings);

}  // namespace lockstep
