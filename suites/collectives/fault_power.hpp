// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/communicator/planted_faults.hpp"

namespace lockstep {

/// Every communication fault that can be noticed, planted in the second of three calls of one collective on ranks that are
/// threads, once on the last rank alone and once on all of them. Left out, because no result is wrong then:
///   a count or an element of a barrier, which has none
///   on all ranks: a delay; a repeated call that does not add to its own result; anything of a barrier but a death
///   on one rank: a send that is reordered behind a receive, since its message still comes in its turn
std::vector<PlantedFault> noticeable_faults(int ranks);

/// "all_reduce/drop,rank=1".
std::string label_of(const PlantedFault& fault);

/// What came of one planted fault. `failures`: by rank, the Error or the wrong element; caught where any rank has one.
struct FaultOutcome {
  PlantedFault fault;
  int planted = 0;
  std::vector<std::string> failures;
  bool caught() const;
};

/// Runs `ranks` threads with the fault. A rank that hangs would show as an Error of the time limit, and say so.
FaultOutcome plant(const PlantedFault& fault, int ranks, bool started);

}  // namespace lockstep
