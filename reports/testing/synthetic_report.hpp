// SPDX-License-Identifier: Apache-2.0
#pragma once
// Invented reports for the tests of this folder; no number in them was measured.

#include <string>

#include "reports/report.hpp"

namespace lockstep::reports {

struct SyntheticOptions {
  int cases = 3000;
  bool failing = true;       // some cases fail, crash and time out
  bool hostile = false;      // names that try to run script, close elements or break lines
  bool gpu = false;          // a machine with a GPU, own kernels timed
  std::uint64_t seed = 1;    // of everything that varies
  double speed_factor = 1;   // of every time
  std::string pairing = {};  // of every measurement
};

// What a hostile name consists of. A page in which it runs sets `window.hostile_ran`.
extern const char* const hostile_text;

// All outcomes, dtypes, faults, measurements and gaps that a nightly has.
Report synthetic_report(const SyntheticOptions& options);

// One operation with findings, one without.
Fuzzing synthetic_fuzzing();

// The id of the case whose error is largest, with a failure map.
std::string worst_synthetic_id(const Report& report);

}  // namespace lockstep::reports
