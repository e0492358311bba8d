// SPDX-License-Identifier: Apache-2.0
// What compiled kernels share with the emulator's runtime: who runs now, barriers, and the start of a grid.
#pragma once

#include <cstdint>

#include "harness/simt/launch_shape.hpp"
#include "harness/simt/vector_types.hpp"

namespace lockstep::simt {

inline constexpr unsigned kWarpLanes = 32;

/// The exchange area of a warp: each lane writes its row of `operand` (and `source`, the lane it reads from) before it
/// waits, the last lane to arrive fills the rows of `result`, each lane reads its own when it continues. A row holds
/// one value of at most 16 bytes.
struct WarpExchange {
  alignas(16) unsigned char operand[kWarpLanes][16];
  alignas(16) unsigned char result[kWarpLanes][16];
  std::uint8_t source[kWarpLanes];
};

/// The CUDA thread that is running, as its kernel sees it.
struct ThreadView {
  dialect::uint3 index;
  unsigned lane;
  WarpExchange* exchange;
};

/// The block that this OS thread is running, as its kernel sees it.
struct BlockView {
  dialect::uint3 index;
  dialect::dim3 dimensions;
  dialect::dim3 grid_dimensions;
};

// __thread and not thread_local: no initialisation guard, one instruction to read. Null outside kernels. A fiber never
// moves to another OS thread, so that the compiler may keep the address of these across a switch.
extern __thread const ThreadView* this_thread;
extern __thread const BlockView* this_block;

/// Waits until every thread of the block has come to this very barrier. Throws KernelFault divergent_barrier when a
/// thread waits elsewhere or has exited, deadlock when the others wait for something that cannot come.
void wait_for_block(const char* file, int line);

/// The same, and returns how many threads of the block passed a predicate that is not zero.
unsigned count_over_block(bool predicate, const char* file, int line);

/// A warp operation. `complete` runs once, when all lanes of `mask` have arrived, in the last of them; `context` is the
/// pointer that this last lane passed. Two operations are the same if they are the same object.
struct WarpOperation {
  const char* name;
  void (*complete)(WarpExchange& exchange, unsigned mask, const void* context);
};

/// Waits until all lanes of `mask` have arrived in `operation`. Throws KernelFault absent_lane for a mask with a lane
/// that exited or never was, mask_without_self, mismatched_collective, deadlock.
void wait_for_lanes(unsigned mask, const WarpOperation& operation, const void* context, const char* file, int line);

/// For `complete`: throws KernelFault absent_lane because `lane` reads from `source`, which the mask does not name.
[[noreturn]] void throw_absent_source(unsigned lane, unsigned source, unsigned mask);
/// For the operand checks of warp operations and groups: throws Error with the running thread and the place.
[[noreturn]] void throw_bad_argument(const char* what, long long value, const char* accepted, const char* file,
                                     int line);
/// __trap().
[[noreturn]] void throw_trap(const char* file, int line);

/// A kernel with its arguments bound: called once for each thread of the grid.
using KernelBody = void (*)(const void* bound_arguments);

/// Runs a grid to its end under current_settings(). Rethrows what a kernel threw (of several faulting blocks, the one
/// that the order runs first, if one OS thread runs them all); throws Error for a shape that no device accepts or when
/// called from inside a kernel.
void run_grid(const LaunchShape& shape, KernelBody body, const void* bound_arguments);

}  // namespace lockstep::simt
