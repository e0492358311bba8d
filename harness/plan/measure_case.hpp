// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/measure/measurement.hpp"
#include "harness/plan/verify.hpp"

namespace lockstep {

struct TimedCase {
  /// Verdict on the outputs that were timed; without a pass there are no measurements.
  CaseResult verdict;
  std::vector<Measurement> measurements;
};

/// Times a case and then judges the buffers that the timed calls wrote. The emulator is never timed (outcome skipped).
TimedCase measure_case(const Case& item, Device& device, const MeasurePolicy& policy, const VerifyOptions& options);

}  // namespace lockstep
