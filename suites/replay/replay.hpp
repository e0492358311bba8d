// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "harness/plan/case.hpp"

namespace lockstep {

struct ReplayOptions {
  /// Cases, or folders searched for cases.
  std::vector<std::string> folders;
  /// Folder of the results; made where it does not exist.
  std::string out;
  /// `reference`, `cuda`, or the full name of one implementation: see ReplayMachine.
  std::string implementation = "reference";
  /// Without it: f64 for `reference`, f32 for every other implementation. Only the reference computes in f64; there
  /// another implementation is not served, with that reason.
  std::optional<DType> dtype;
};

/// Serves cases of the exchange format: computes each with the chosen implementation, writes <out>/<case>/<name>.npy
/// for every output (f64 as float64, narrower dtypes as float32, integers as int64), compares with the case's arrays,
/// and prints one verdict line per case to `out`. A refused call leaves error.txt, a case (or a direction of it) that
/// is not served or cannot be read leaves skipped.txt.
///
/// Returns the exit status: 0 everything was served, agreed where there is something to compare, and was refused where
/// it must be; 1 something was not; 2 a case cannot be read (one line each to `err`, and the others run); 3 nothing was
/// served. Throws Error, before anything runs, for a folder that is missing or holds no case, two cases with one place,
/// an unknown implementation; and for results that cannot be written.
int replay(const ReplayOptions& options, const Catalogue& catalogue, std::ostream& out, std::ostream& err);

}  // namespace lockstep
