// SPDX-License-Identifier: Apache-2.0
// CUDA's asynchronous copies from global to shared memory (cp.async, spelled as in cuda_pipeline.h) for the emulator.
#pragma once

#include <cstddef>

namespace lockstep::simt {

void start_async_copy(void* shared, const void* global, std::size_t bytes, std::size_t zeros, const char* file,
                      int line);
void commit_async_copies();
void wait_for_async_copies(std::size_t pending);

namespace dialect {

/// Starts copying `bytes` (4, 8 or 16, to which both addresses must be aligned), of which the last `zeros` become zero
/// without being read.
inline void __pipeline_memcpy_async(void* shared, const void* global, std::size_t bytes, std::size_t zeros = 0,
                                    const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  start_async_copy(shared, global, bytes, zeros, file, line);
}
/// Makes one group of the copies started since the last commit.
inline void __pipeline_commit() { commit_async_copies(); }
/// Waits until at most the newest `pending` groups of this thread are unfinished.
inline void __pipeline_wait_prior(std::size_t pending) { wait_for_async_copies(pending); }

}  // namespace dialect
}  // namespace lockstep::simt
