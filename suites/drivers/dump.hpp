// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/plan/case.hpp"
#include "reports/report.hpp"

namespace lockstep {

/// Writes a case in the format that `lockstep replay` reads: <folder>/<name>/case.json and f64/<array>.npy beside it.
/// Inputs are those that `seed` draws, exactly; `expected` and `grads` are computed from them by the formula in double.
/// The case of a backward carries its forward as well, since the format has no backward alone. Returns <name>, made of
/// the operation, the implementation and a hash of problem and seed.
///
/// Throws Refused where the operator refuses the problem, Error where the arrays are too many or too dear to compute
/// here (more than 4 million elements or 4 Gflop), or where the folder cannot be written.
std::string dump_case(const Case& item, std::uint64_t seed, const std::filesystem::path& folder);

/// A case and where it was dumped, relative to the folder of the dumps.
struct DumpedCase {
  std::string id, place;
};

/// Dumps broken cases of a report below `out`/failures: at most 20, and at most 3 of one implementation of an
/// operation, so that one that always fails does not crowd out the others. The place, relative to `out`, goes into
/// Failure::dump, or into the reason of a case that has no failing element. What cannot be dumped is left as it is.
/// Returns what was written.
std::vector<DumpedCase> dump_failures(reports::Report& report, const Catalogue& catalogue,
                                      const std::filesystem::path& out);

}  // namespace lockstep
