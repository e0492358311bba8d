// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/kernel_fault.hpp"

namespace lockstep::simt {

const char* name(FaultKind kind) {
  switch (kind) {
    case FaultKind::divergent_barrier: return "divergent barrier";
    case FaultKind::absent_lane: return "absent lane";
    case FaultKind::mask_without_self: return "mask without self";
    case FaultKind::mismatched_collective: return "mismatched warp operation";
    case FaultKind::deadlock: return "deadlock";
    case FaultKind::shared_guard: return "shared memory guard overwritten";
    case FaultKind::stack_overflow: return "stack overflow";
    case FaultKind::missing_wait: return "asynchronous copy without wait";
    case FaultKind::trap: return "trap";
    case FaultKind::wrong_stream: return "wrong stream";
    case FaultKind::misaligned: return "misaligned access";
    case FaultKind::race: return "race";
    case FaultKind::uninitialised_read: return "uninitialised read";
    case FaultKind::out_of_bounds: return "access out of bounds";
    case FaultKind::use_after_free: return "use after free";
  }
  return "unknown fault";
}

std::string text(SourcePlace place) { return std::string(place.file) + ":" + std::to_string(place.line); }

std::string text(Coordinates coordinates) {
  return "(" + std::to_string(coordinates.x) + "," + std::to_string(coordinates.y) + "," +
         std::to_string(coordinates.z) + ")";
}

}  // namespace lockstep::simt
