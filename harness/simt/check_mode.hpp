// SPDX-License-Identifier: Apache-2.0
// Where the emulator's runtime tells the check mode (check/README.md) what happens. In other builds nothing calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "harness/simt/kernel_fault.hpp"
#include "harness/simt/settings.hpp"

namespace lockstep::simt {

/// Whether this build's emulator checks every access of its kernels.
bool check_mode();

class BlockRunner;

namespace check {

#ifdef LOCKSTEP_SIMT_CHECK
inline constexpr bool kIsOn = true;
#else
inline constexpr bool kIsOn = false;
#endif

/// Runs `blocks`, which runs all blocks of the launch on `runner`; launches of other OS threads wait. Throws KernelFault
/// for what was found, after the last block or where a block could not go on.
void run_launch(BlockRunner& runner, const Settings& settings, const std::function<void()>& blocks);
void begin_block(std::int64_t number);
/// All threads of the block have come to a barrier.
void pass_barrier();
/// All lanes of the mask have come to a __syncwarp.
void join_lanes(unsigned warp, std::uint32_t mask);

/// The block's shared memory lies here, and none of it is declared yet.
void begin_shared(const void* memory);
/// An array was declared.
void open_shared(const void* data, std::size_t bytes);

/// An asynchronous copy: its source is read, and its destination belongs to the copy until finish_copy().
void start_copy(const void* shared, std::size_t bytes, const void* global, std::size_t read_bytes, SourcePlace place);
void finish_copy(const void* shared, std::size_t bytes, SourcePlace place);

/// An access by the runtime on behalf of a lane of the running warp.
void read_for_lane(unsigned lane, const void* address, std::size_t bytes, SourcePlace place);

}  // namespace check
}  // namespace lockstep::simt
