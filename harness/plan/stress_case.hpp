// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/plan/verify.hpp"

namespace lockstep {

/// What a kernel that is to be released must stand beyond one right answer.
/// repeated_launches: one preparation launched again and again on the same buffers. thread_orders: every order of the
/// emulator. determinism: all of those launches gave the same bits, where that is promised. scratch_memory: nothing written around the scratch memory it asks for. least_scratch: exactly as much as it
/// asked for. no_scratch: none at all, where it must manage or decline in words. graph_capture: replayed from a CUDA graph.
/// far_strides: rows that lie so far apart that offsets exceed 2^31 elements.
enum class Stress : std::uint8_t {
  repeated_launches,
  thread_orders,
  determinism,
  scratch_memory,
  least_scratch,
  no_scratch,
  graph_capture,
  far_strides
};
std::string_view name_of(Stress stress);

/// What came of one of them. skipped: it does not exist on this device, or this problem has nothing to try it on.
struct StressFinding {
  Stress stress = Stress::repeated_launches;
  Outcome outcome = Outcome::passed;
  /// Why it did not pass; for one that passed, what is worth saying ("declines: ..."), mostly nothing.
  std::string reason;
};

struct StressOptions {
  std::uint64_t seed = 1;
  Coverage coverage = Coverage::automatic;
  int launches = 5;
  /// Of the emulator, beside forward and reverse.
  int random_orders = 6;
};

struct StressResult {
  std::vector<StressFinding> findings;
  /// Bytes of scratch memory that were held at once.
  std::size_t scratch_bytes = 0;
};

/// Tries all but far_strides. What the implementation throws becomes a finding; a problem that it or the contract does not
/// take gives no finding at all.
StressResult stress_case(const Case& item, Device& device, const StressOptions& options);

/// Tries far_strides: the problem in the strided layout, with rows so far apart that the last lies more than 2^31 elements
/// behind the first. The memory in between is reserved and never touched, so it costs address space alone; on a GPU, where
/// it would be real, the finding is skipped. An index that is kept in 32 bits reads and writes elsewhere, which may end the
/// process. `problem().layout` is ignored.
StressFinding stress_far_strides(const Case& item, Device& device, const StressOptions& options);

}  // namespace lockstep
