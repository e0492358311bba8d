// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "harness/data/error.hpp"

namespace lockstep::simt {

/// What a kernel did that CUDA leaves undefined and the emulator reports.
enum class FaultKind {
  divergent_barrier,      ///< the threads of a block wait at different barriers, or some exited while others wait
  absent_lane,            ///< a warp operation's mask names, or a lane reads from, a lane that does not take part
  mask_without_self,      ///< a warp operation's mask does not name the lane that calls it
  mismatched_collective,  ///< the lanes of one mask wait in different warp operations, or name different masks
  deadlock,               ///< nobody can run: what they wait for can no longer happen
  shared_guard,           ///< the bytes before or after a shared array were overwritten
  stack_overflow,         ///< a thread ran out of its stack
  missing_wait,           ///< an asynchronous copy that was never waited for
  trap,                   ///< the kernel called __trap()
  wrong_stream,           ///< host code names another stream than ExpectedStream does
  misaligned,             ///< an access to an address that its type's alignment does not allow
  // Of the check mode (check/README.md):
  race,                ///< two threads access a byte, one of them writes, and nothing orders them
  uninitialised_read,  ///< of shared memory in this block, or of global memory ever
  out_of_bounds,       ///< an access outside of every shared array and tensor
  use_after_free,      ///< an access to global memory that was released
};

const char* name(FaultKind kind);

/// A place in a kernel's source, from __builtin_FILE and __builtin_LINE.
struct SourcePlace {
  const char* file = "";
  int line = 0;
};

std::string text(SourcePlace place);

/// Asked by each thread at each barrier.
inline bool same_place(const SourcePlace& a, const SourcePlace& b) {
  return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

/// x, y, z of a block in its grid or of a thread in its block.
struct Coordinates {
  unsigned x = 0, y = 0, z = 0;
};

std::string text(Coordinates coordinates);

/// Thrown by launch() when the emulator found a fault. One line: the kind, the block, the thread and the place where
/// known, and what was found. The block's other threads are abandoned without unwinding; the next launch works as ever.
class KernelFault : public Error {
 public:
  KernelFault(FaultKind kind, const std::string& message) : Error(message), kind_(kind) {}
  FaultKind kind() const { return kind_; }

 private:
  FaultKind kind_;
};

}  // namespace lockstep::simt
