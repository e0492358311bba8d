// SPDX-License-Identifier: Apache-2.0
// What a kernel tells the emulator's check mode because nothing in its accesses shows it.
#pragma once

/// LOCKSTEP_ACQUIRE_FINISHED_BLOCKS(): to be called where a kernel knows, from an atomic counter behind __threadfence(), that
/// all other blocks have finished what its own goes on to read ("the last block adds the parts"). From here on what
/// blocks before it wrote is ordered before what this thread does, and after the block's next barrier before what
/// its other threads do. What a block does after this one is a race all the same, so a counter that is wrong shows.
#ifdef __CUDACC__
#define LOCKSTEP_ACQUIRE_FINISHED_BLOCKS() static_cast<void>(0)
#else
#define LOCKSTEP_ACQUIRE_FINISHED_BLOCKS() ::lockstep::simt::acquire_finished_blocks()

namespace lockstep::simt {
void acquire_finished_blocks();
}
#endif
