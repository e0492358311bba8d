// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/communicator/communicator.hpp"
#include "harness/device/device.hpp"

namespace lockstep {

/// One collective on one problem. `count` as in Call: elements of the whole buffer, or of one rank's part.
/// all_gather_uneven: rank r gives (count + r) % (count + 1) elements, so that one rank gives none.
/// send: each rank sends to the next one and receives from the one before (rank by rank, no two wait for each other).
struct CollectiveCase {
  Collective collective = Collective::all_reduce;
  Reduction reduction = Reduction::sum;
  DType dtype = DType::f32;
  std::int64_t count = 0;
  bool in_place = false;
  bool started = false;  // the non-blocking form
};

/// "all_reduce/sum,count=1000,dtype=f32,in_place,started".
std::string label_of(const CollectiveCase& problem);

/// Whether this collective has an in-place form.
bool has_in_place(Collective collective);

/// Carries the case out on every rank (all must call it) with buffers on `device`, poisoned and with guards on both sides.
/// Returns what is wrong on this rank, in one line: elements that differ from the exact answer (by any bit), inputs that
/// changed, guards that were written. Empty where all is right. Errors of the communicator pass through.
std::string check_collective(Communicator& ranks, Device& device, const CollectiveCase& problem, std::uint64_t seed);

/// Every collective x reduction x dtype x form, on counts 0, 1, odd, around a cache line and a slice; and buffers of about
/// 2^20 elements of f32 and bf16, odd in every part.
std::vector<CollectiveCase> collective_cases(int ranks);

}  // namespace lockstep
