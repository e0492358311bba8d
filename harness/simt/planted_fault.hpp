// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/simt/kernel_fault.hpp"

namespace lockstep::simt {

enum class PlantedFault {
  barrier_removed,  ///< as if a __syncthreads were missing in the source
  lane_absent,      ///< the highest lane that a warp operation's mask names does not come to it
};

/// Plants a fault into the kernels that this OS thread launches (with one OS thread) until the scope ends: at the place
/// with this number, counted from 0 in the order in which the threads first come to barriers, or to warp operations.
class PlantedFaultScope {
 public:
  PlantedFaultScope(PlantedFault fault, int place);
  ~PlantedFaultScope();
  PlantedFaultScope(const PlantedFaultScope&) = delete;
  PlantedFaultScope& operator=(const PlantedFaultScope&) = delete;

  /// The scope of this OS thread; null if there is none.
  static PlantedFaultScope* current();

  /// Whether the launches have come to that many places.
  bool was_reached() const { return places_.size() > place_; }
  /// Whether a thread has passed by where it should have waited.
  bool was_planted() const { return was_planted_; }

  // Called by running threads: whether this one passes by.
  bool passes_barrier(SourcePlace at) { return fault_ == PlantedFault::barrier_removed && passes(at); }
  bool passes_lanes(SourcePlace at, unsigned mask, unsigned lane) {
    // Alone in its mask a lane has nobody who would miss it.
    return fault_ == PlantedFault::lane_absent && (mask >> lane) == 1u && (mask & (mask - 1)) != 0 && passes(at);
  }

 private:
  bool passes(SourcePlace at);

  PlantedFault fault_;
  std::size_t place_;
  bool was_planted_ = false;
  std::vector<SourcePlace> places_;
};

}  // namespace lockstep::simt
