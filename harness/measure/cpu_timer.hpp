// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "harness/measure/measurement.hpp"

namespace lockstep {

/// Wall time of `call` on the CPU: three calls to warm up (one, if that spends the budget;
/// none, if it would spend three, and then it is the sample), then samples of as many calls as fill
/// MeasurePolicy::sample_seconds, until the stopping rule is content. A quietness probe runs before and after.
Measurement measure_on_cpu(const std::function<void()>& call, const MeasurePolicy& policy);

}  // namespace lockstep
